package ussd_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
)

type bill struct{ id, name string }

// bills is a menu that pays one of some bills, which may change at any time.
func bills(load func() []bill) *ussd.Menu {
	which := &ussd.List[bill]{
		Title: "Which bill",
		Load:  func(context.Context, ussd.Request) ([]bill, error) { return load(), nil },
		Label: func(b bill) string { return b.name },
		Key:   func(b bill) string { return b.id },
	}
	sure := &ussd.Prompt[string]{
		TextFunc: func(ctx context.Context, _ ussd.Request) (string, error) {
			return "Pay " + which.Value(ctx).name + "?\n1. Yes", nil
		},
		Parse: ussd.OneOf("1"),
	}
	m := ussd.NewMenu("Bills")
	m.Handle("Pay", ussd.Ask(which, sure).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		return ussd.End("Paid " + which.Value(ctx).name), nil
	}))
	return m
}

func TestList(t *testing.T) {
	t.Parallel()
	m := bills(func() []bill { return []bill{{"a", "Water"}, {"b", "Power"}} })
	const list = "Which bill\n1. Water\n2. Power\n0. Back"
	dialMenu(t, m.Serve, "").send("1").sees(list).send("3").sees("Invalid choice.\n"+list).send("01").sees("Invalid choice.\n"+list).
		send("2").sees("Pay Power?\n1. Yes\n0. Back\n00. Home").send("0").sees(list).send("1", "1").sees("END Paid Water")
	dialMenu(t, m.Serve, "1*2*1").sees("END Paid Power")
	empty := bills(func() []bill { return nil })
	dialMenu(t, empty.Serve, "1").sees("Which bill\nThere is nothing here.\n0. Back").send("1").sees("Invalid choice.\nWhich bill\nThere is nothing here.\n0. Back")
}

// Numbers go on across pages, and none of them is a key that leads elsewhere.
func TestLongList(t *testing.T) {
	t.Parallel()
	var all []bill
	for i := range 120 {
		all = append(all, bill{fmt.Sprint(i), fmt.Sprintf("Bill <%d>", i)})
	}
	m := bills(func() []bill { return all })
	s := dialMenu(t, m.Serve, "").send("1")
	var text strings.Builder
	for {
		text.WriteString(s.last.Text + "\n")
		if !strings.Contains(s.last.Text, "98. More") {
			break
		}
		s.send("98")
	}
	for i := range 120 {
		n := i + 1
		if n >= 98 {
			n++
		}
		if !strings.Contains(text.String(), fmt.Sprintf("\n%d. Bill <%d>\n", n, i)) {
			t.Errorf("item %d is on no page under %d", i, n)
		}
	}
	s.send("99").sees("Pay Bill <97>?\n1. Yes\n0. Back\n00. Home").send("1").sees("END Paid Bill <97>")
}

func TestListErrors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	which := &ussd.List[bill]{
		Load:  func(context.Context, ussd.Request) ([]bill, error) { return nil, boom },
		Label: func(b bill) string { return b.name },
	}
	m := ussd.NewMenu("Bills")
	m.Handle("Pay", ussd.Ask(which).Then(phoneNumber))
	for _, text := range []string{"1", "1*1"} {
		if res, err := m.Serve(t.Context(), ussd.Request{Text: text}); !errors.Is(err, boom) || res != (ussd.Response{}) {
			t.Errorf("%q: %+v, %v", text, res, err)
		}
	}
}

func TestRememberDialled(t *testing.T) {
	t.Parallel()
	m := bank(nil)
	// An account on which hop metadata does not come back.
	forget := func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		r.Hop = ""
		return m.Serve(ctx, r)
	}
	dialMenu(t, forget, "").send("1", "0711000002", "50", "n", "1234").sees("END Sent KES 50.00 to +254711000002 (n), PIN 1234")
	s := dialMenu(t, func(ctx context.Context, r ussd.Request) (ussd.Response, error) {
		r.SessionID = "ATUid_2"
		return forget(ctx, r)
	}, "1*0711000002*50*n*1234")
	s.sees("Please type this now.\nPIN\n0. Back\n00. Home").send("1234").sees("END Sent KES 50.00 to +254711000002 (n), PIN 1234")
}

func TestMenuString(t *testing.T) {
	t.Parallel()
	m := classic()
	m.Handle("Send", ussd.Ask(to, amount, note).Then(phoneNumber))
	help := ussd.NewMenu("Help\nWhat now")
	help.Handle("Start", m)
	m.HandleKey("9", `Help "me" <now>`, help)
	const want = `What would you want to check
├─ 1. My Account
│  └─ 1. Account number
├─ 2. My phone number
├─ 3. Send ? Send to ? Amount ? …
└─ 9. Help "me" <now>
   └─ 1. Start ↑
`
	if diff := cmp.Diff(want, m.String()); diff != "" {
		t.Errorf("String (-want +got):\n%s", diff)
	}
	const chart = `flowchart LR
  n0["What would you want to check"]
  n1["Choose account information you want to view"]
  n2(["Account number"])
  n1 -->|"1. Account number"| n2
  n0 -->|"1. My Account"| n1
  n3(["My phone number"])
  n0 -->|"2. My phone number"| n3
  n4[/"Send to"/]
  n0 -->|"3. Send"| n4
  n5[/"Amount"/]
  n4 --> n5
  n6[/"…"/]
  n5 --> n6
  n7(["Send"])
  n6 --> n7
  n8["Help / What now"]
  n8 -->|"1. Start"| n0
  n0 -->|"9. Help #quot;me#quot; #lt;now#gt;"| n8
`
	if diff := cmp.Diff(chart, m.Mermaid()); diff != "" {
		t.Errorf("Mermaid (-want +got):\n%s", diff)
	}
}

// However many answers there were, the items are loaded once for a hop.
func TestListLoadsOnce(t *testing.T) {
	t.Parallel()
	loads := 0
	m := bills(func() []bill { loads++; return []bill{{"a", "Water"}, {"b", "Power"}} })
	for text, want := range map[string]int{"1": 1, "1*7*8*9": 1, "1*7*2*1": 1, "1*2*0*1*1": 1, "1*2*00*1*1": 2} {
		loads = 0
		if _, err := m.Serve(t.Context(), ussd.Request{SessionID: text, Text: text}); err != nil {
			t.Fatal(err)
		}
		if loads != want {
			t.Errorf("after %q the items were loaded %d times, want %d", text, loads, want)
		}
	}
}

// Not parallel: it measures what the process allocates.
func TestLongTextsCostWhatTheyAreLong(t *testing.T) {
	allocated := func(m *ussd.Menu) float64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := m.Serve(t.Context(), ussd.Request{Text: "1"}); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	list := func(n int) *ussd.Menu {
		items := make([]bill, n)
		for i := range items {
			items[i].name = fmt.Sprintf("Bill of somebody %d", i)
		}
		return bills(func() []bill { return items })
	}
	text := func(separator string) func(n int) *ussd.Menu {
		return func(n int) *ussd.Menu {
			m := ussd.NewMenu("Terms")
			m.HandleFunc("Read", func(context.Context, ussd.Request) (ussd.Response, error) {
				return ussd.End(strings.Repeat("all of the terms"+separator, n)), nil
			})
			return m
		}
	}
	for name, long := range map[string]func(n int) *ussd.Menu{
		"items": list, "lines": text("\n"), "words": text(" "), "one word": text("-"),
	} {
		const n, times = 500, 16
		if few, many := allocated(long(n)), allocated(long(times*n)); many > 1.5*times*few {
			t.Errorf("%s: %d times as many take %.0f times the memory", name, times, many/few)
		}
	}
}

func TestListLabelsAreOneLine(t *testing.T) {
	t.Parallel()
	m := bills(func() []bill { return []bill{{"a", "Water\n2. Power"}, {"b", "Rent"}} })
	dialMenu(t, m.Serve, "1").sees("Which bill\n1. Water 2. Power\n2. Rent\n0. Back")
}

// The second page of what ends the session comes after a question that must be
// answered by hand, too.
func TestStopAfterExplicit(t *testing.T) {
	t.Parallel()
	pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4), Explicit: true}
	which := &ussd.List[bill]{
		Load: func(context.Context, ussd.Request) ([]bill, error) {
			return nil, ussd.Stop(strings.TrimSpace(strings.Repeat("locked ", 40)))
		},
		Label: func(b bill) string { return b.name },
	}
	m := ussd.NewMenu("Home")
	m.Handle("Go", ussd.Ask(pin, which).Then(phoneNumber))
	s := dialMenu(t, m.Serve, "").send("1", "1234")
	if s.send("98"); s.last.Continue || !strings.HasSuffix(s.last.Text, "locked") {
		t.Errorf("the last page is %+v", s.last)
	}
}

// Keys and labels are any bytes.
func TestListOfAnyBytes(t *testing.T) {
	t.Parallel()
	m := bills(func() []bill { return []bill{{"\xff\x01", "Water"}, {"\xfe\x01", "Power"}} })
	dialMenu(t, m.Serve, "").send("1", "2", "1").sees("END Paid Power")
}

// A list that was shown, and chosen from, behind one PIN is not there behind another,
// for a hop that was forged in place of the subscriber's.
func TestListBehindAnotherPIN(t *testing.T) {
	t.Parallel()
	pin := &ussd.Prompt[string]{Text: "PIN", Parse: ussd.PIN(4)}
	which := &ussd.List[string]{
		Load: func(ctx context.Context, _ ussd.Request) ([]string, error) {
			if pin.Value(ctx) != "1234" {
				return nil, ussd.Stop("Wrong PIN.")
			}
			return []string{"Secret"}, nil
		},
		Label: func(s string) string { return s },
	}
	m := ussd.NewMenu("Home")
	m.Handle("Go", ussd.Ask(pin, which).Then(func(ctx context.Context, _ ussd.Request) (ussd.Response, error) {
		return ussd.End(which.Value(ctx)), nil
	}))
	dialMenu(t, m.Serve, "").send("1", "1234").sees("1. Secret\n0. Back\n00. Home").send("1").sees("END Secret")
	for _, forged := range []string{"1*9999", "1*9999*1"} {
		dialMenu(t, m.Serve, forged).sees("END Wrong PIN.")
	}
}
