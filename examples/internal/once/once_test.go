package once_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/examples/internal/once"
)

func TestKeysDo(t *testing.T) {
	t.Parallel()
	keys := once.NewKeys(2)
	var got []string
	for _, key := range []string{"a", "a", "b", "a", "c", "b", "a"} {
		if err := keys.Do(t.Context(), key, func() error { got = append(got, key); return nil }); err != nil {
			t.Errorf("Do(%q): %v", key, err)
		}
	}
	// c has pushed out a, which is the oldest.
	if diff := cmp.Diff([]string{"a", "b", "c", "a"}, got); diff != "" {
		t.Errorf("keys done (-want +got):\n%s", diff)
	}
}

func TestKeysDoAgainAfterError(t *testing.T) {
	t.Parallel()
	keys := once.NewKeys(1)
	failure := errors.New("not sent")
	runs := 0
	try := func(err error) error {
		return keys.Do(t.Context(), "a", func() error { runs++; return err })
	}
	got := []error{try(failure), try(nil), try(failure)}
	if got[0] != failure || got[1] != nil || got[2] != nil || runs != 2 {
		t.Errorf("got %v after %d runs, want the failure, then nil twice, after 2 runs", got, runs)
	}
}

func TestKeysDoAfterPanic(t *testing.T) {
	t.Parallel()
	keys := once.NewKeys(1)
	func() {
		defer func() { _ = recover() }()
		_ = keys.Do(t.Context(), "a", func() error { panic("half way") })
	}()
	if err := keys.Do(t.Context(), "a", func() error { t.Error("ran again"); return nil }); err != nil {
		t.Errorf("Do after a panic: %v", err)
	}
}

func TestKeysDoAtOnce(t *testing.T) {
	t.Parallel()
	for _, want := range []error{nil, errors.New("not sent")} {
		synctest.Test(t, func(t *testing.T) {
			keys := once.NewKeys(1)
			release := make(chan struct{})
			errs := make(chan error)
			runs := 0
			for range 10 {
				go func() {
					errs <- keys.Do(t.Context(), "a", func() error {
						runs++
						<-release
						return want
					})
				}()
			}
			synctest.Wait()

			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := keys.Do(ctx, "a", func() error { return nil }); !errors.Is(err, context.Canceled) {
				t.Errorf("one who cannot wait got %v, want %v", err, context.Canceled)
			}
			close(release)
			for range 10 {
				if got := <-errs; got != want {
					t.Errorf("got %v, want %v", got, want)
				}
			}
			if runs != 1 {
				t.Errorf("ran %d times, want once", runs)
			}
		})
	}
}
