package bank

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sautigo/africastalking"
)

// Ledger stands for the bank behind the app: accounts in memory, by phone number.
// Like a bank it knows a transfer by its ID and carries it out once. It is safe for
// concurrent use.
type Ledger struct {
	mu       sync.Mutex
	accounts map[string]*account
	done     map[string]Receipt
	now      func() time.Time
}

type account struct {
	pin     string
	balance africastalking.Money
	entries []Entry
}

// Entry is a line of an account's statement.
type Entry struct {
	ID     string
	When   time.Time
	Other  string
	Amount africastalking.Money // negative if it was sent
}

// Receipt says that a transfer was carried out.
type Receipt struct {
	ID      string
	Balance africastalking.Money
}

// Reasons why the bank refuses.
var (
	ErrNoAccount = errors.New("bank: no such account")
	ErrPIN       = errors.New("bank: wrong PIN")
	ErrFunds     = errors.New("bank: not enough money")
	ErrSelf      = errors.New("bank: from an account to itself")
)

// NewLedger returns a bank without accounts.
func NewLedger() *Ledger {
	return &Ledger{accounts: map[string]*account{}, done: map[string]Receipt{}, now: time.Now}
}

// Open opens an account with a PIN and some money.
func (l *Ledger) Open(phone, pin string, balance africastalking.Money) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.accounts[phone] = &account{pin: pin, balance: balance}
}

// Has reports whether there is an account.
func (l *Ledger) Has(phone string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.accounts[phone] != nil
}

func (l *Ledger) open(phone, pin string) (*account, error) {
	switch a := l.accounts[phone]; {
	case a == nil:
		return nil, ErrNoAccount
	case a.pin != pin:
		return nil, ErrPIN
	default:
		return a, nil
	}
}

// Balance returns an account's balance.
func (l *Ledger) Balance(phone, pin string) (africastalking.Money, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, err := l.open(phone, pin)
	if err != nil {
		return africastalking.Money{}, err
	}
	return a.balance, nil
}

// Statement returns the last entries of an account, the latest first.
func (l *Ledger) Statement(phone, pin string) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, err := l.open(phone, pin)
	if err != nil {
		return nil, err
	}
	entries := slices.Clone(a.entries)
	slices.SortStableFunc(entries, func(x, y Entry) int { return cmp.Or(y.When.Compare(x.When), cmp.Compare(y.ID, x.ID)) })
	return entries[:min(len(entries), 20)], nil
}

// Send moves money from one account to another. A transfer whose ID is known was
// carried out already: the receipt is the one given then.
func (l *Ledger) Send(id, from, pin, to string, amount africastalking.Money) (Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a, err := l.open(from, pin)
	if err != nil {
		return Receipt{}, err
	}
	if r, ok := l.done[id]; ok {
		return r, nil
	}
	b := l.accounts[to]
	switch {
	case a == b:
		return Receipt{}, ErrSelf
	case b == nil:
		return Receipt{}, ErrNoAccount
	case amount.Micros <= 0 || a.balance.Currency != amount.Currency || a.balance.Micros < amount.Micros:
		return Receipt{}, ErrFunds
	}
	a.balance.Micros -= amount.Micros
	b.balance.Micros += amount.Micros
	sent := amount
	sent.Micros = -sent.Micros
	a.entries = append(a.entries, Entry{id, l.now(), to, sent})
	b.entries = append(b.entries, Entry{id, l.now(), from, amount})
	r := Receipt{ID: id, Balance: a.balance}
	l.done[id] = r
	return r, nil
}

// Total returns all the money there is.
func (l *Ledger) Total() africastalking.Money {
	l.mu.Lock()
	defer l.mu.Unlock()
	var sum africastalking.Money
	for _, a := range l.accounts {
		sum.Currency = a.balance.Currency
		sum.Micros += a.balance.Micros
	}
	return sum
}
