package sacco

import "github.com/sautigo/africastalking/ussd"

// words are all that a subscriber reads, in one language.
type words struct {
	language                           string
	texts                              ussd.Texts
	welcome, join, about, aboutUs      string
	askName, noName                    string
	newPIN, pinAgain, notSame          string
	registered, known                  string
	askPIN, noPIN, wrongPIN, locked    string
	hello                              string
	savings, borrow, statement, change string
	hasSavings                         string
	askLoan, noAmount, overLimit       string
	askMonths, noMonths                string
	confirm, lent, noLoan              string
	entries                            string
	kinds                              map[Kind]string
	askLanguage, changed, sorry        string
}

// languages are those that the app speaks. The first is for those who have not chosen.
var languages = []*words{&english, &swahili}

var english = words{
	language: "English",
	welcome:  "Welcome to Umoja Sacco", join: "Become a member", about: "About us",
	aboutUs: "We save together, and lend up to three times what you save.",
	askName: "What is your name?", noName: "Use letters only, 30 at most.",
	newPIN: "Choose a PIN of 4 digits", pinAgain: "Type the PIN again", notSame: "That is not the same PIN.",
	registered: "Welcome, %s. Your member number is %d. Dial again to see your account.",
	known:      "You are a member already, with the number %d.",
	askPIN:     "Umoja Sacco. Enter your PIN", noPIN: "A PIN has 4 digits.", wrongPIN: "That PIN is wrong. Tries left: %d",
	locked:  "Your PIN is locked for 24 hours. Please call us on 0700 000 000.",
	hello:   "Hello, %s",
	savings: "My savings", borrow: "Borrow", statement: "Statement", change: "Language",
	hasSavings: "You have saved %v and owe %v.",
	askLoan:    "How much, in shillings? From %v to %v", noAmount: "Enter an amount, such as 1500.",
	overLimit: "You can borrow from %v to %v.",
	askMonths: "For how many months, 1 to 12?", noMonths: "Enter a number from 1 to 12.",
	confirm: "Borrow %v for %d months and pay back %v?",
	lent:    "You have borrowed %v. You owe %v.",
	noLoan:  "You can borrow as soon as you can have %v: three times your savings, without what you owe.",
	entries: "Your last entries", kinds: map[Kind]string{Deposit: "Deposit", Loan: "Loan"},
	askLanguage: "Which language?", changed: "We speak English with you from now on.",
	sorry: "Sorry, we could not finish this. Please check before you try again.",
}

var swahili = words{
	language: "Kiswahili",
	texts: ussd.Texts{
		Back: ussd.Key{Label: "Rudi"}, Home: ussd.Key{Label: "Mwanzo"}, More: ussd.Key{Label: "Zaidi"},
		Invalid: "Chaguo si sahihi.", TypeItNow: "Tafadhali andika sasa.",
		TooManyTries: "Umejaribu mara nyingi. Tafadhali piga tena baadaye.",
		TriesLeft:    "Majaribio yaliyobaki:",
		Changed:      "Hii imebadilika. Tafadhali angalia, kisha chagua tena.",
		Yes:          "Ndiyo", No: "Hapana", Cancelled: "Imeghairiwa. Hakuna kilichofanyika.",
		InDoubt: "Hatukuweza kuthibitisha. Huenda imefanyika: tafadhali angalia kabla ya kujaribu tena.",
		Empty:   "Hakuna chochote hapa.",
	},
	welcome: "Karibu Umoja Sacco", join: "Jiunge nasi", about: "Kuhusu sisi",
	aboutUs: "Tunaweka akiba pamoja, na kukopesha hadi mara tatu ya akiba yako.",
	askName: "Jina lako ni nani?", noName: "Tumia herufi tu, zisizozidi 30.",
	newPIN: "Chagua PIN ya tarakimu 4", pinAgain: "Andika PIN tena", notSame: "Hiyo si PIN ile ile.",
	registered: "Karibu, %s. Nambari yako ya uanachama ni %d. Piga tena kuona akaunti yako.",
	known:      "Wewe ni mwanachama tayari, nambari %d.",
	askPIN:     "Umoja Sacco. Weka PIN yako", noPIN: "PIN ina tarakimu 4.", wrongPIN: "PIN hiyo si sahihi. Majaribio yaliyobaki: %d",
	locked:  "PIN yako imefungwa kwa saa 24. Tafadhali tupigie 0700 000 000.",
	hello:   "Habari, %s",
	savings: "Akiba yangu", borrow: "Kopa", statement: "Taarifa", change: "Lugha",
	hasSavings: "Umeweka akiba ya %v na unadaiwa %v.",
	askLoan:    "Kiasi gani, kwa shilingi? Kutoka %v hadi %v", noAmount: "Weka kiasi, kama 1500.",
	overLimit: "Unaweza kukopa kutoka %v hadi %v.",
	askMonths: "Kwa miezi mingapi, 1 hadi 12?", noMonths: "Weka nambari kutoka 1 hadi 12.",
	confirm: "Kopa %v kwa miezi %d na ulipe %v?",
	lent:    "Umekopa %v. Unadaiwa %v.",
	noLoan:  "Unaweza kukopa ukiweza kupata %v: mara tatu ya akiba yako, bila unachodaiwa.",
	entries: "Miamala yako ya mwisho", kinds: map[Kind]string{Deposit: "Akiba", Loan: "Mkopo"},
	askLanguage: "Lugha gani?", changed: "Tutatumia Kiswahili kuanzia sasa.",
	sorry: "Samahani, hatukuweza kumaliza. Tafadhali angalia kabla ya kujaribu tena.",
}
