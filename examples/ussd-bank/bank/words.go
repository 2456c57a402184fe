package bank

import "github.com/sautigo/africastalking/ussd"

// words are all that a subscriber reads, in one language.
type words struct {
	language                               string
	texts                                  ussd.Texts
	title, balance, send, statement        string
	askPIN, noPIN, wrongPIN, oldPIN        string
	locked, sorry                          string
	askTo, wrongTo, askAmount, wrongAmount string
	confirm                                string
	hasBalance, sent                       string
	noFunds, noAccount, toSelf             string
	entries, in, out, entry                string
}

var english = words{
	language: "English",
	title:    "Mfano Bank", balance: "My balance", send: "Send money", statement: "Mini statement",
	texts: ussd.Texts{
		InDoubt: "We could not confirm this. Money may have been sent: look at your mini statement before you try again.",
	},
	askPIN: "Enter your PIN", noPIN: "Enter the 4 digits of your PIN.", wrongPIN: "That PIN is wrong. Tries left: %d",
	oldPIN: "That PIN is wrong.", locked: "Your PIN is locked for 24 hours. Please call us on 0700 000 000.",
	sorry: "Sorry, we could not finish this. Please check before you try again.",
	askTo: "Send to which number?", wrongTo: "Enter a phone number.",
	askAmount: "How much, in shillings?", wrongAmount: "Enter an amount from 10 to 150000.",
	confirm:    "Send %v to %s?",
	hasBalance: "Your balance is %v.", sent: "You have sent %v to %s. Your balance is %v.",
	noFunds: "You do not have enough money for that.", noAccount: "That number has no account with us.", toSelf: "That is your own number.",
	entries: "Your last transfers", in: "+%v from %s", out: "%v to %s", entry: "%s\n%v, %s",
}

var swahili = words{
	language: "Kiswahili",
	texts: ussd.Texts{
		Back: ussd.Key{Label: "Rudi"}, Home: ussd.Key{Label: "Mwanzo"}, More: ussd.Key{Label: "Zaidi"},
		Invalid: "Chaguo si sahihi.", TypeItNow: "Tafadhali andika sasa.",
		TooManyTries: "Umejaribu mara nyingi. Tafadhali piga tena baadaye.",
		Changed:      "Hii imebadilika. Tafadhali angalia, kisha chagua tena.",
		Yes:          "Ndiyo", No: "Hapana", Cancelled: "Imeghairiwa. Hakuna kilichofanyika.",
		InDoubt: "Hatukuweza kuthibitisha. Huenda pesa zimetumwa: angalia taarifa fupi kabla ya kujaribu tena.",
		Empty:   "Hakuna chochote hapa.",
	},
	title: "Benki ya Mfano", balance: "Salio langu", send: "Tuma pesa", statement: "Taarifa fupi",
	askPIN: "Weka PIN yako", noPIN: "Weka tarakimu 4 za PIN yako.", wrongPIN: "PIN hiyo si sahihi. Majaribio yaliyobaki: %d",
	oldPIN: "PIN hiyo si sahihi.", locked: "PIN yako imefungwa kwa saa 24. Tafadhali tupigie 0700 000 000.",
	sorry: "Samahani, hatukuweza kumaliza. Tafadhali angalia kabla ya kujaribu tena.",
	askTo: "Tuma kwa nambari gani?", wrongTo: "Weka nambari ya simu.",
	askAmount: "Kiasi gani, kwa shilingi?", wrongAmount: "Weka kiasi kutoka 10 hadi 150000.",
	confirm:    "Tuma %v kwa %s?",
	hasBalance: "Salio lako ni %v.", sent: "Umetuma %v kwa %s. Salio lako ni %v.",
	noFunds: "Huna pesa za kutosha.", noAccount: "Nambari hiyo haina akaunti nasi.", toSelf: "Hiyo ni nambari yako mwenyewe.",
	entries: "Miamala yako ya mwisho", in: "+%v kutoka %s", out: "%v kwa %s", entry: "%s\n%v, %s",
}
