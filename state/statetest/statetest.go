// Package statetest tests implementations of [state.Store].
//
//	func TestStore(t *testing.T) {
//		server := startServer(t)
//		statetest.Run(t, func(t *testing.T) state.Store {
//			return mystore.New(server.Connect(t))
//		})
//	}
package statetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sautigo/africastalking/state"
)

// Option changes how [Run] works.
type Option func(*suite)

// WithBubble says whether each test runs in a bubble of [testing/synctest], in which
// waiting takes no time. That suits a store in memory; a store that talks to a
// server cannot work in one. The default is false: the tests wait on the real
// clock, several at once, and take about ten seconds.
func WithBubble(on bool) Option { return func(s *suite) { s.bubble = on } }

// WithLateness is how long after its time a record may still be seen, for stores that
// remove records now and then. The default is 5 s. A record must never be gone
// before its time.
func WithLateness(d time.Duration) Option { return func(s *suite) { s.late = d } }

type suite struct {
	open   func(*testing.T) state.Store
	bubble bool
	late   time.Duration
}

// Run tests that the stores which open returns keep the contract of [state.Store],
// and that [state.Update] and [state.Once] keep their promises over them.
//
// All stores that open returns stand for the same records, as the stores of
// several machines do: they are connected to the same server, or are the same
// value. Open is called several times in each test, with that test's T: to
// disconnect a store, use its Cleanup. The records need not be removed between
// tests; each run uses keys of its own.
func Run(t *testing.T, open func(t *testing.T) state.Store, opts ...Option) {
	t.Helper()
	s := &suite{open: open, late: 5 * time.Second}
	for _, o := range opts {
		o(s)
	}
	for _, test := range []struct {
		name string
		fn   func(*testing.T)
	}{
		{"Absent", s.absent},
		{"SaveAndLoad", s.saveAndLoad},
		{"WrongVersion", s.wrongVersion},
		{"Delete", s.delete},
		{"VersionsNeverRepeat", s.versionsNeverRepeat},
		{"OneWinsCreate", s.oneWinsCreate},
		{"OneWinsUpdate", s.oneWinsUpdate},
		{"Counter", s.counter},
		{"Expires", s.expires},
		{"SaveRenews", s.saveRenews},
		{"SaveShortens", s.saveShortens},
		{"RefusedSave", s.refusedSave},
		{"LastsLong", s.lastsLong},
		{"ManyRecords", s.manyRecords},
		{"ExpiredVersions", s.expiredVersions},
		{"BadTTL", s.badTTL},
		{"AnyData", s.anyData},
		{"AnyKey", s.anyKey},
		{"KeysApart", s.keysApart},
		{"NotAliased", s.notAliased},
		{"Cancelled", s.cancelled},
		{"TwoStores", s.twoStores},
		{"UpdateAtOnce", s.updateAtOnce},
		{"OnceAtOnce", s.onceAtOnce},
		{"OnceFails", s.onceFails},
	} {
		t.Run(test.name, func(t *testing.T) {
			if s.bubble {
				// One after the other: the clocks of bubbles differ.
				synctest.Test(t, test.fn)
				return
			}
			t.Parallel()
			test.fn(t)
		})
	}
}

// Long enough that nothing expires while a test runs.
const long = 5 * time.Minute

func newKey() string { return "statetest-" + rand.Text() }

// record is what Load returns.
type record struct {
	Data    string
	Version uint64
}

func load(t *testing.T, store state.Store, key string) record {
	t.Helper()
	data, version, err := store.Load(t.Context(), key)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if version == 0 && data != nil {
		t.Fatalf("Load returned version 0, which is no record, and data %q; want nil", clip(string(data)))
	}
	return record{string(data), version}
}

func save(t *testing.T, store state.Store, key, data string, version uint64, ttl time.Duration) uint64 {
	t.Helper()
	v, err := store.Save(t.Context(), key, []byte(data), version, ttl)
	if err != nil {
		t.Fatalf("Save with version %d: %v", version, err)
	}
	if v == 0 {
		t.Fatal("Save returned version 0, which stands for no record")
	}
	if v == version {
		t.Fatalf("Save did not change the version %d", v)
	}
	return v
}

func want(t *testing.T, store state.Store, key string, want record) {
	t.Helper()
	if got := load(t, store, key); got != want {
		t.Fatalf("Load: got %s, want %s", got, want)
	}
}

func (r record) String() string {
	if r.Version == 0 {
		return "no record"
	}
	return fmt.Sprintf("%q with version %d", clip(r.Data), r.Version)
}

func clip(s string) string {
	if len(s) > 64 {
		return s[:64] + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return s
}

func refusesSave(t *testing.T, store state.Store, key string, version uint64) {
	t.Helper()
	before := load(t, store, key)
	v, err := store.Save(t.Context(), key, []byte("must not be saved"), version, long)
	if !errors.Is(err, state.ErrVersion) {
		t.Fatalf("Save with version %d over %s: got version %d and error %v, want state.ErrVersion", version, before, v, err)
	}
	want(t, store, key, before)
}

func refusesDelete(t *testing.T, store state.Store, key string, version uint64) {
	t.Helper()
	before := load(t, store, key)
	if err := store.Delete(t.Context(), key, version); !errors.Is(err, state.ErrVersion) {
		t.Fatalf("Delete with version %d of %s: got error %v, want state.ErrVersion", version, before, err)
	}
	want(t, store, key, before)
}

func remove(t *testing.T, store state.Store, key string, version uint64) {
	t.Helper()
	if err := store.Delete(t.Context(), key, version); err != nil {
		t.Fatalf("Delete with version %d: %v", version, err)
	}
	want(t, store, key, record{})
}

func (s *suite) absent(t *testing.T) {
	store := s.open(t)
	key := newKey()
	want(t, store, key, record{})
	refusesSave(t, store, key, 1)
	refusesDelete(t, store, key, 1)
	if err := store.Delete(t.Context(), key, 0); err != nil {
		t.Errorf("Delete of no record with version 0: %v", err)
	}
}

func (s *suite) saveAndLoad(t *testing.T) {
	store := s.open(t)
	key := newKey()
	var version uint64
	seen := map[uint64]bool{}
	for i := range 20 {
		data := fmt.Sprintf("data %d", i%3) // the same data again is a new version too
		version = save(t, store, key, data, version, long)
		if seen[version] {
			t.Fatalf("Save returned version %d twice", version)
		}
		seen[version] = true
		want(t, store, key, record{data, version})
		want(t, store, key, record{data, version})
	}
}

func (s *suite) wrongVersion(t *testing.T) {
	store := s.open(t)
	key := newKey()
	v1 := save(t, store, key, "a", 0, long)
	refusesSave(t, store, key, 0)
	refusesSave(t, store, key, v1+1)
	refusesSave(t, store, key, 1<<64-1)
	v2 := save(t, store, key, "b", v1, long)
	refusesSave(t, store, key, v1)
	refusesSave(t, store, key, 0)
	want(t, store, key, record{"b", v2})
}

func (s *suite) delete(t *testing.T) {
	store := s.open(t)
	key := newKey()
	v1 := save(t, store, key, "a", 0, long)
	v2 := save(t, store, key, "b", v1, long)
	refusesDelete(t, store, key, 0)
	refusesDelete(t, store, key, v1)
	refusesDelete(t, store, key, v2+1)
	remove(t, store, key, v2)
	refusesDelete(t, store, key, v2)
	if err := store.Delete(t.Context(), key, 0); err != nil {
		t.Errorf("Delete of what was deleted with version 0: %v", err)
	}
}

func (s *suite) versionsNeverRepeat(t *testing.T) {
	store := s.open(t)
	key := newKey()
	var old []uint64
	for range 5 {
		v := save(t, store, key, "same", 0, long)
		for range 3 {
			old = append(old, v)
			v = save(t, store, key, "same", v, long)
		}
		for _, o := range old {
			if o == v {
				t.Fatalf("version %d came back", v)
			}
			refusesSave(t, store, key, o)
			refusesDelete(t, store, key, o)
		}
		old = append(old, v)
		remove(t, store, key, v)
		for _, o := range old {
			refusesSave(t, store, key, o)
			refusesDelete(t, store, key, o)
		}
	}
}

// race saves at once from several stores and returns the version of the only one
// that succeeded.
func (s *suite) race(t *testing.T, key string, version uint64) record {
	t.Helper()
	const stores, each = 3, 8
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		won   []record
		start = make(chan struct{})
	)
	for i := range stores {
		store := s.open(t)
		for j := range each {
			wg.Go(func() {
				<-start
				data := fmt.Sprintf("from %d of store %d", j, i)
				v, err := store.Save(t.Context(), key, []byte(data), version, long)
				switch {
				case err == nil:
					mu.Lock()
					defer mu.Unlock()
					won = append(won, record{data, v})
				case !errors.Is(err, state.ErrVersion):
					t.Errorf("Save with version %d: got error %v, want state.ErrVersion", version, err)
				}
			})
		}
	}
	close(start)
	wg.Wait()
	if len(won) != 1 {
		t.Fatalf("%d of %d Saves with version %d succeeded, want 1: %v", len(won), stores*each, version, won)
	}
	want(t, s.open(t), key, won[0])
	return won[0]
}

func (s *suite) oneWinsCreate(t *testing.T) {
	for range 5 {
		s.race(t, newKey(), 0)
	}
}

func (s *suite) oneWinsUpdate(t *testing.T) {
	store := s.open(t)
	key := newKey()
	r := record{Version: save(t, store, key, "a", 0, long)}
	for range 5 {
		r = s.race(t, key, r.Version)
	}
	remove(t, store, key, r.Version)
	s.race(t, key, 0) // a key that was used before, too
}

// counter loses no update.
func (s *suite) counter(t *testing.T) {
	const stores, each = 3, 10
	key := newKey()
	var wg sync.WaitGroup
	for range stores {
		store := s.open(t)
		wg.Go(func() {
			for done := 0; done < each; {
				data, v, err := store.Load(t.Context(), key)
				if err != nil {
					t.Errorf("Load: %v", err)
					return
				}
				switch _, err := store.Save(t.Context(), key, append(data, 'x'), v, long); {
				case err == nil:
					done++
				case !errors.Is(err, state.ErrVersion):
					t.Errorf("Save: got error %v, want state.ErrVersion", err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got, want := load(t, s.open(t), key).Data, strings.Repeat("x", stores*each); got != want {
		t.Errorf("%d updates are left of %d", len(got), len(want))
	}
}

// gone waits until a record is gone, and says so if that is too early or too late
// for one whose last Save, with that ttl, began and ended at these times.
func (s *suite) gone(t *testing.T, store state.Store, key string, ttl time.Duration, began, ended time.Time) {
	t.Helper()
	// Servers count in milliseconds and round.
	const early = 50 * time.Millisecond
	for {
		r := load(t, store, key)
		now := time.Now()
		if r.Version == 0 {
			if after := now.Sub(began); after < ttl-early {
				t.Fatalf("record is gone after %v, want %v", after, ttl)
			}
			return
		}
		if after := now.Sub(ended); after > ttl+s.late {
			t.Fatalf("record is there after %v, want it gone after %v", after, ttl)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *suite) expires(t *testing.T) {
	store := s.open(t)
	for _, ttl := range []time.Duration{300 * time.Millisecond, time.Second, 1500 * time.Millisecond} {
		key := newKey()
		began := time.Now()
		save(t, store, key, "a", 0, ttl)
		s.gone(t, store, key, ttl, began, time.Now())
	}
}

func (s *suite) saveRenews(t *testing.T) {
	store := s.open(t)
	key := newKey()
	v := save(t, store, key, "a", 0, 2*time.Second)
	time.Sleep(time.Second)
	began := time.Now()
	v = save(t, store, key, "b", v, 3*time.Second)
	ended := time.Now()
	time.Sleep(2 * time.Second) // past the end of the first
	if time.Since(began) < 2900*time.Millisecond {
		want(t, store, key, record{"b", v})
	}
	s.gone(t, store, key, 3*time.Second, began, ended)
}

func (s *suite) saveShortens(t *testing.T) {
	store := s.open(t)
	key := newKey()
	v := save(t, store, key, "a", 0, long)
	began := time.Now()
	save(t, store, key, "b", v, time.Second)
	s.gone(t, store, key, time.Second, began, time.Now())
}

// refusedSave checks that a Save that is refused changes nothing about when the
// record ends.
func (s *suite) refusedSave(t *testing.T) {
	store := s.open(t)
	refuse := func(key string, version uint64, ttl time.Duration) {
		t.Helper()
		if _, err := store.Save(t.Context(), key, []byte("must not be saved"), version, ttl); !errors.Is(err, state.ErrVersion) {
			t.Fatalf("Save with version %d: got error %v, want state.ErrVersion", version, err)
		}
	}
	lasting := newKey()
	v := save(t, store, lasting, "a", 0, long)
	refuse(lasting, v+1, time.Second)
	refuse(lasting, 0, time.Second)

	ending := newKey()
	began := time.Now()
	w := save(t, store, ending, "a", 0, 2*time.Second)
	ended := time.Now()
	refuse(ending, w+1, long)
	refuse(ending, 0, long)
	s.gone(t, store, ending, 2*time.Second, began, ended)
	want(t, store, lasting, record{"a", v})
}

// lastsLong checks, where time costs nothing, that records last as long as sessions
// and Once need them: a payment that is forgotten is made again.
func (s *suite) lastsLong(t *testing.T) {
	if !s.bubble {
		t.Skip("takes a day")
	}
	store := s.open(t)
	for _, ttl := range []time.Duration{15 * time.Minute, time.Hour, 25 * time.Hour} {
		key := newKey()
		v := save(t, store, key, "a", 0, ttl)
		time.Sleep(ttl - time.Second)
		want(t, store, key, record{"a", v})
		time.Sleep(time.Second + s.late)
		want(t, store, key, record{})
	}
}

// manyRecords checks that none goes to make room for another.
func (s *suite) manyRecords(t *testing.T) {
	const records = 2000
	store := s.open(t)
	base := newKey()
	versions := make([]uint64, records)
	for i := range versions {
		versions[i] = save(t, store, base+strconv.Itoa(i), strconv.Itoa(i), 0, long)
	}
	for i, v := range versions {
		want(t, store, base+strconv.Itoa(i), record{strconv.Itoa(i), v})
	}
}

func (s *suite) expiredVersions(t *testing.T) {
	store := s.open(t)
	key := newKey()
	began := time.Now()
	old := save(t, store, key, "a", 0, time.Second)
	s.gone(t, store, key, time.Second, began, time.Now())
	refusesSave(t, store, key, old)
	refusesDelete(t, store, key, old)
	if err := store.Delete(t.Context(), key, 0); err != nil {
		t.Errorf("Delete of what has expired with version 0: %v", err)
	}
	v := save(t, store, key, "a", 0, long)
	if v == old {
		t.Fatalf("version %d came back", v)
	}
	refusesSave(t, store, key, old)
	refusesDelete(t, store, key, old)
	want(t, store, key, record{"a", v})
}

func (s *suite) badTTL(t *testing.T) {
	store := s.open(t)
	for _, ttl := range []time.Duration{0, -time.Second} {
		key := newKey()
		if _, err := store.Save(t.Context(), key, []byte("a"), 0, ttl); err == nil {
			t.Errorf("Save for %v: got no error, want one", ttl)
		}
		want(t, store, key, record{})
	}
}

func (s *suite) anyData(t *testing.T) {
	store := s.open(t)
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	large := make([]byte, 64<<10)
	rand.Read(large)
	key := newKey()
	var version uint64
	for _, data := range []string{
		"", "\x00", "a\x00b\x00", string(all), "\xff\xfe", "ẹ́kọ́ 🇰🇪", "{}", " \r\n\t", "OK", "nil", "*1\r\n$1\r\nx\r\n", string(large), "",
	} {
		own := newKey()
		want(t, store, own, record{data, save(t, store, own, data, 0, long)})
		version = save(t, store, key, data, version, long)
		want(t, store, key, record{data, version})
	}
	// No data at all is a record too.
	key = newKey()
	v, err := store.Save(t.Context(), key, nil, 0, long)
	if err != nil {
		t.Fatalf("Save of nil: %v", err)
	}
	want(t, store, key, record{"", v})
	refusesSave(t, store, key, 0)
}

var odd = []string{
	"", " ", "a b", ":", "a:b", "*", "a*", ">", "a>", ".", "a.b", ".a", "a.", "..", "a..b", "/", "a/b", "\\", "?", "[a]", "{a}", "%2E", "%", "+", "=", "-", "_",
	"\x00", "a\x00", "\n", "\r\n", "\t", "\x7f", "\xff", "\xc3\x28", "é", "e\u0301", "ẹ́kọ́", "🇰🇪", "$KV", "A", "a", "\"", "'", "`", strings.Repeat("k", 300), strings.Repeat("k", 300) + "l",
}

func (s *suite) anyKey(t *testing.T) {
	store := s.open(t)
	for _, o := range odd {
		for _, key := range []string{o + newKey(), newKey() + o, newKey() + o + "z"} {
			v := save(t, store, key, "a", 0, long)
			want(t, store, key, record{"a", v})
			v = save(t, store, key, "b", v, long)
			refusesSave(t, store, key, 0)
			remove(t, store, key, v)
		}
	}
}

func (s *suite) keysApart(t *testing.T) {
	store := s.open(t)
	base := newKey()
	versions := make([]uint64, len(odd))
	for i, o := range odd {
		versions[i] = save(t, store, base+o, fmt.Sprint("data of ", i), 0, long)
	}
	for i, o := range odd {
		want(t, store, base+o, record{fmt.Sprint("data of ", i), versions[i]})
	}
	remove(t, store, base+odd[0], versions[0])
	for i, o := range odd[1:] {
		want(t, store, base+o, record{fmt.Sprint("data of ", i+1), versions[i+1]})
	}
}

func (s *suite) notAliased(t *testing.T) {
	store := s.open(t)
	key := newKey()
	data := []byte("as saved")
	v, err := store.Save(t.Context(), key, data, 0, long)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, "XXXXXXXX")
	want(t, store, key, record{"as saved", v})

	loaded, _, err := store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	copy(loaded, "XXXXXXXX")
	_ = append(loaded, "XXXXXXXX"...)
	want(t, store, key, record{"as saved", v})

	loaded, _, err = store.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	save(t, store, key, "SAVED AS", v, long)
	if !bytes.Equal(loaded, []byte("as saved")) {
		t.Errorf("a Save changed what was loaded before to %q", loaded)
	}
}

func (s *suite) cancelled(t *testing.T) {
	store := s.open(t)
	key := newKey()
	v := save(t, store, key, "a", 0, long)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if data, version, err := store.Load(ctx, key); err == nil {
		t.Errorf("Load with a cancelled context: got %q with version %d, want an error", data, version)
	}
	if _, err := store.Save(ctx, key, []byte("b"), v, long); err == nil {
		t.Error("Save with a cancelled context: got no error, want one")
	} else if errors.Is(err, state.ErrVersion) {
		t.Errorf("Save with a cancelled context: got error %v, want one that is not state.ErrVersion", err)
	}
	if err := store.Delete(ctx, key, v); err == nil {
		t.Error("Delete with a cancelled context: got no error, want one")
	} else if errors.Is(err, state.ErrVersion) {
		t.Errorf("Delete with a cancelled context: got error %v, want one that is not state.ErrVersion", err)
	}
	want(t, store, key, record{"a", v})
}

func (s *suite) twoStores(t *testing.T) {
	a, b := s.open(t), s.open(t)
	key := newKey()
	want(t, b, key, record{})
	v1 := save(t, a, key, "from a", 0, long)
	want(t, b, key, record{"from a", v1})
	refusesSave(t, b, key, 0)
	v2 := save(t, b, key, "from b", v1, long)
	refusesSave(t, a, key, v1)
	refusesDelete(t, a, key, v1)
	want(t, a, key, record{"from b", v2})
	remove(t, a, key, v2)
	want(t, b, key, record{})
	refusesSave(t, b, key, v2)
	save(t, b, key, "again", 0, long)
}

// updateAtOnce loses no update.
func (s *suite) updateAtOnce(t *testing.T) {
	const stores, each = 3, 5
	key := newKey()
	add := func(n *int) error { *n++; return nil }
	var wg sync.WaitGroup
	for range stores {
		store := s.open(t)
		wg.Go(func() {
			for range each {
				if err := state.Update(t.Context(), store, key, long, add); err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	enough := errors.New("enough")
	err := state.Update(t.Context(), s.open(t), key, long, func(n *int) error {
		if *n != stores*each {
			t.Errorf("%d updates are left of %d", *n, stores*each)
		}
		*n = 0
		return enough // so nothing is saved
	})
	if !errors.Is(err, enough) {
		t.Errorf("Update: got error %v, want that of the function", err)
	}
	err = state.Update(t.Context(), s.open(t), key, long, func(n *int) error {
		if *n != stores*each {
			t.Errorf("an Update whose function failed saved %d", *n)
		}
		return nil
	})
	if err != nil {
		t.Errorf("Update: %v", err)
	}
}

func (s *suite) onceAtOnce(t *testing.T) {
	key := newKey()
	var runs atomic.Int64
	var wg sync.WaitGroup
	pay := func(context.Context) (string, error) {
		time.Sleep(50 * time.Millisecond)
		return fmt.Sprint("receipt ", runs.Add(1)), nil
	}
	for range 4 {
		store := s.open(t)
		for range 2 {
			wg.Go(func() {
				if got, err := state.Once(t.Context(), store, key, pay); got != "receipt 1" || err != nil {
					t.Errorf("Once: got %q and error %v, want %q", got, err, "receipt 1")
				}
			})
		}
	}
	wg.Wait()
	if got, err := state.Once(t.Context(), s.open(t), key, pay); got != "receipt 1" || err != nil {
		t.Errorf("Once later: got %q and error %v, want %q", got, err, "receipt 1")
	}
	if got := runs.Load(); got != 1 {
		t.Errorf("the function ran %d times, want once", got)
	}
}

func (s *suite) onceFails(t *testing.T) {
	a, b := s.open(t), s.open(t)
	key := newKey()
	fail := func(err error) func(context.Context) (int, error) {
		return func(context.Context) (int, error) { return 0, err }
	}
	if _, err := state.Once(t.Context(), a, key, fail(state.ErrNotDone)); !errors.Is(err, state.ErrNotDone) {
		t.Fatalf("Once: got error %v, want state.ErrNotDone", err)
	}
	broken := errors.New("connection lost")
	if _, err := state.Once(t.Context(), b, key, fail(broken)); !errors.Is(err, broken) {
		t.Fatalf("Once after ErrNotDone: got error %v, want that of the function", err)
	}
	again := func(context.Context) (int, error) {
		t.Error("the function ran again")
		return 0, nil
	}
	if _, err := state.Once(t.Context(), a, key, again); !errors.Is(err, state.ErrInDoubt) {
		t.Errorf("Once after a failure: got error %v, want state.ErrInDoubt", err)
	}
}
