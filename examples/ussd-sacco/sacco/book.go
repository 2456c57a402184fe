package sacco

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/sautigo/africastalking"
)

// Book stands for the cooperative's own system: members in memory, by phone number. It
// knows a loan by its ID and lends it once. It is safe for concurrent use.
type Book struct {
	mu      sync.Mutex
	members map[string]*member
	lent    map[string]Member
}

type member struct {
	Member
	pin     string
	entries []Entry
}

// Member is what there is to know about a member. Amounts are in Kenyan shillings.
type Member struct {
	Name, Language string
	Number         int
	Savings, Loan  africastalking.Money
}

// Limit returns how much a member may borrow: three times what was saved, without what
// is owed.
func (m Member) Limit() africastalking.Money {
	return kes(max(0, 3*m.Savings.Micros-m.Loan.Micros))
}

// Kind is the kind of an [Entry].
type Kind int

// Kinds of entries.
const (
	Deposit Kind = iota
	Loan
)

// Entry is a line of a statement.
type Entry struct {
	ID     string
	Kind   Kind
	When   time.Time
	Amount africastalking.Money
}

// Reasons to refuse.
var (
	ErrKnown = errors.New("sacco: is a member already")
	ErrLimit = errors.New("sacco: loan is over the limit")
)

var minLoan = kes(500_000_000)

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

// Owed returns what is owed for a loan: the amount, and one per cent for each month.
func Owed(amount africastalking.Money, months int) africastalking.Money {
	return kes(amount.Micros + amount.Micros/100*int64(months))
}

// NewBook returns a book without members.
func NewBook() *Book { return &Book{members: map[string]*member{}, lent: map[string]Member{}} }

// Register makes somebody a member.
func (b *Book) Register(phone, name, pin, language string) (Member, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.members[phone]; m != nil {
		return m.Member, ErrKnown
	}
	m := &member{Member: Member{Name: name, Language: language, Number: 1001 + len(b.members), Savings: kes(0), Loan: kes(0)}, pin: pin}
	b.members[phone] = m
	return m.Member, nil
}

// Member returns a member.
func (b *Book) Member(phone string) (Member, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.members[phone]; m != nil {
		return m.Member, true
	}
	return Member{}, false
}

// PINIs reports whether a PIN is the member's.
func (b *Book) PINIs(phone, pin string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.members[phone]
	return m != nil && m.pin == pin
}

// SetLanguage sets a member's language.
func (b *Book) SetLanguage(phone, language string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.members[phone]; m != nil {
		m.Language = language
	}
}

// Save takes a deposit, at the cooperative's counter.
func (b *Book) Save(phone string, amount africastalking.Money) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.members[phone]; m != nil {
		m.Savings.Micros += amount.Micros
		m.entries = append(m.entries, Entry{"d" + strconv.Itoa(len(m.entries)), Deposit, time.Now(), amount})
	}
}

// Lend lends an amount. A loan whose ID is known was lent already: the member is as
// after that.
func (b *Book) Lend(id, phone string, amount africastalking.Money, months int) (Member, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m, ok := b.lent[id]; ok {
		return m, nil
	}
	m := b.members[phone]
	switch {
	case m == nil:
		return Member{}, ErrLimit
	case amount.Micros < minLoan.Micros || amount.Micros > m.Limit().Micros:
		return m.Member, ErrLimit
	}
	m.Loan.Micros += Owed(amount, months).Micros
	m.entries = append(m.entries, Entry{id, Loan, time.Now(), amount})
	b.lent[id] = m.Member
	return m.Member, nil
}

// Statement returns the last entries of a member, the latest first.
func (b *Book) Statement(phone string) []Entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.members[phone]
	if m == nil {
		return nil
	}
	entries := slices.Clone(m.entries)
	slices.Reverse(entries)
	slices.SortStableFunc(entries, func(x, y Entry) int { return cmp.Compare(y.When.UnixNano(), x.When.UnixNano()) })
	return entries[:min(len(entries), 30)]
}
