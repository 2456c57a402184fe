package statetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sautigo/africastalking/state"
	"github.com/sautigo/africastalking/state/statetest"
)

// broken are stores with one fault each, over a Memory. Run must find every one.
var broken = map[string]func(*store){
	"Load says nothing of the version": func(s *store) {
		s.load = func(ctx context.Context, key string) ([]byte, uint64, error) {
			data, v, err := s.Memory.Load(ctx, key)
			return data, min(v, 1), err
		}
	},
	"Load gives an empty record for none": func(s *store) {
		s.load = func(ctx context.Context, key string) ([]byte, uint64, error) {
			data, v, err := s.Memory.Load(ctx, key)
			return append([]byte{}, data...), v, err
		}
	},
	"Load ignores the context": func(s *store) {
		s.load = func(ctx context.Context, key string) ([]byte, uint64, error) {
			return s.Memory.Load(context.WithoutCancel(ctx), key)
		}
	},
	"Load shares its bytes": func(s *store) {
		var mu sync.Mutex
		shared := map[uint64][]byte{}
		s.load = func(ctx context.Context, key string) ([]byte, uint64, error) {
			data, v, err := s.Memory.Load(ctx, key)
			if v == 0 {
				return data, v, err
			}
			mu.Lock()
			defer mu.Unlock()
			if shared[v] == nil {
				shared[v] = data
			}
			return shared[v], v, err
		}
	},
	"Save ignores the version": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, _ uint64, ttl time.Duration) (uint64, error) {
			_, v, err := s.Memory.Load(ctx, key)
			if err != nil {
				return 0, err
			}
			return s.Memory.Save(ctx, key, data, v, ttl)
		}
	},
	"Save takes version 0 for any": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			if v == 0 {
				_, v, _ = s.Memory.Load(ctx, key)
			}
			return s.Memory.Save(ctx, key, data, v, ttl)
		}
	},
	"Save compares and sets in two steps": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
			_, v, err := s.Memory.Load(ctx, key)
			if err != nil {
				return 0, err
			}
			if v != version {
				return 0, state.ErrVersion
			}
			for {
				time.Sleep(time.Millisecond)
				_, v, _ = s.Memory.Load(ctx, key)
				if next, err := s.Memory.Save(ctx, key, data, v, ttl); !errors.Is(err, state.ErrVersion) {
					return next, err
				}
			}
		}
	},
	"Save does not wrap ErrVersion": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			next, err := s.Memory.Save(ctx, key, data, v, ttl)
			if err != nil {
				err = errors.New(err.Error())
			}
			return next, err
		}
	},
	"Save ignores the context": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			return s.Memory.Save(context.WithoutCancel(ctx), key, data, v, ttl)
		}
	},
	"Save takes an ended context for another version": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			if ctx.Err() != nil {
				return 0, state.ErrVersion
			}
			return s.Memory.Save(ctx, key, data, v, ttl)
		}
	},
	"Save returns the old version": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			next, err := s.Memory.Save(ctx, key, data, v, ttl)
			if v != 0 && err == nil {
				next = v
			}
			return next, err
		}
	},
	"Save leaves what is the same": func(s *store) {
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			if old, have, err := s.Memory.Load(ctx, key); err == nil && have == v && v != 0 && string(old) == string(data) {
				return v, nil
			}
			return s.Memory.Save(ctx, key, data, v, ttl)
		}
	},
	"records last for ever":    func(s *store) { s.ttl = func(time.Duration) time.Duration { return 1000 * time.Hour } },
	"records last for an hour": func(s *store) { s.ttl = func(d time.Duration) time.Duration { return min(d, time.Hour) } },
	"fractions of a second are lost": func(s *store) {
		s.ttl = func(d time.Duration) time.Duration { return max(d.Truncate(time.Second), time.Millisecond) }
	},
	"records end too soon": func(s *store) { s.ttl = func(d time.Duration) time.Duration { return d - 100*time.Millisecond } },
	"no time to live is for ever": func(s *store) {
		s.ttl = func(d time.Duration) time.Duration {
			if d <= 0 {
				return time.Hour
			}
			return d
		}
	},
	"Save does not renew": func(s *store) {
		var mu sync.Mutex
		ends := map[string]time.Time{}
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			mu.Lock()
			defer mu.Unlock()
			if v == 0 {
				ends[key] = time.Now().Add(ttl)
			}
			return s.Memory.Save(ctx, key, data, v, min(ttl, max(time.Until(ends[key]), 1)))
		}
	},
	"Save only lengthens": func(s *store) {
		var mu sync.Mutex
		ends := map[string]time.Time{}
		s.save = func(ctx context.Context, key string, data []byte, v uint64, ttl time.Duration) (uint64, error) {
			mu.Lock()
			defer mu.Unlock()
			if left := time.Until(ends[key]); v != 0 && left > ttl {
				ttl = left
			}
			if ttl > 0 {
				ends[key] = time.Now().Add(ttl)
			}
			return s.Memory.Save(ctx, key, data, v, ttl)
		}
	},
	"Delete ignores the version": func(s *store) {
		s.delete = func(ctx context.Context, key string, _ uint64) error {
			_, v, err := s.Memory.Load(ctx, key)
			if err != nil {
				return err
			}
			return s.Memory.Delete(ctx, key, v)
		}
	},
	"Delete does nothing": func(s *store) {
		s.delete = func(ctx context.Context, key string, version uint64) error {
			_, v, err := s.Memory.Load(ctx, key)
			if err == nil && v != version {
				err = state.ErrVersion
			}
			return err
		}
	},
	"Delete of nothing is an error": func(s *store) {
		s.delete = func(ctx context.Context, key string, v uint64) error {
			if v == 0 {
				return state.ErrVersion
			}
			return s.Memory.Delete(ctx, key, v)
		}
	},
	"Delete ignores the context": func(s *store) {
		s.delete = func(ctx context.Context, key string, v uint64) error {
			return s.Memory.Delete(context.WithoutCancel(ctx), key, v)
		}
	},
	"keys in small letters":      func(s *store) { s.key = strings.ToLower },
	"keys are trimmed":           func(s *store) { s.key = strings.TrimSpace },
	"keys end at a zero byte":    func(s *store) { s.key = func(k string) string { k, _, _ = strings.Cut(k, "\x00"); return k } },
	"keys are valid UTF-8":       func(s *store) { s.key = func(k string) string { return strings.ToValidUTF8(k, "?") } },
	"keys are cut":               func(s *store) { s.key = func(k string) string { return k[:min(len(k), 255)] } },
	"data ends at a zero byte":   func(s *store) { s.data = func(d string) string { d, _, _ = strings.Cut(d, "\x00"); return d } },
	"data is valid UTF-8":        func(s *store) { s.data = func(d string) string { return strings.ToValidUTF8(d, "?") } },
	"data is at most 32 KiB":     func(s *store) { s.data = func(d string) string { return d[:min(len(d), 32<<10)] } },
	"the thousandth record goes": func(s *store) { s.most = 1000 },
	"each machine has its own":   func(s *store) { s.own = true },
	"versions count from 1":      func(s *store) { s.count = true },
}

// store is a Memory with a fault.
type store struct {
	*state.Memory
	load      func(context.Context, string) ([]byte, uint64, error)
	save      func(context.Context, string, []byte, uint64, time.Duration) (uint64, error)
	delete    func(context.Context, string, uint64) error
	key, data func(string) string
	ttl       func(time.Duration) time.Duration
	most      int
	own       bool
	count     bool

	mu      sync.Mutex
	names   []string
	counted map[string]map[uint64]uint64 // by key, from Memory's versions
}

func (s *store) name(key string) string {
	if s.key != nil {
		return s.key(key)
	}
	return key
}

// version returns a version as a store shows it that counts for each key.
func (s *store) version(key string, v uint64) uint64 {
	if !s.count || v == 0 {
		return v
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counted == nil {
		s.counted = map[string]map[uint64]uint64{}
	}
	if s.counted[key] == nil {
		s.counted[key] = map[uint64]uint64{}
	}
	if s.counted[key][v] == 0 {
		s.counted[key][v] = uint64(len(s.counted[key]) + 1)
	}
	return s.counted[key][v]
}

// memory is the reverse of version.
func (s *store) memory(key string, version uint64) uint64 {
	if !s.count {
		return version
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for v, n := range s.counted[key] {
		if n == version {
			return v
		}
	}
	return version + 1<<40
}

func (s *store) Load(ctx context.Context, key string) ([]byte, uint64, error) {
	key = s.name(key)
	if s.load != nil {
		return s.load(ctx, key)
	}
	data, v, err := s.Memory.Load(ctx, key)
	return data, s.version(key, v), err
}

func (s *store) Save(ctx context.Context, key string, data []byte, version uint64, ttl time.Duration) (uint64, error) {
	key = s.name(key)
	if s.data != nil {
		data = []byte(s.data(string(data)))
	}
	if s.ttl != nil {
		ttl = s.ttl(ttl)
	}
	if s.most > 0 && version == 0 {
		s.mu.Lock()
		s.names = append(s.names, key)
		if n := len(s.names) - s.most; n > 0 {
			_, v, _ := s.Memory.Load(ctx, s.names[0])
			_ = s.Memory.Delete(ctx, s.names[0], v)
			s.names = s.names[1:]
		}
		s.mu.Unlock()
	}
	if s.save != nil {
		return s.save(ctx, key, data, version, ttl)
	}
	v, err := s.Memory.Save(ctx, key, data, s.memory(key, version), ttl)
	return s.version(key, v), err
}

func (s *store) Delete(ctx context.Context, key string, version uint64) error {
	key = s.name(key)
	if s.delete != nil {
		return s.delete(ctx, key, version)
	}
	if err := s.Memory.Delete(ctx, key, s.memory(key, version)); err != nil {
		return err
	}
	if s.count {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.counted, key)
	}
	return nil
}

const brokenEnv = "STATETEST_BROKEN"

// TestBroken runs the tests over each broken store until one fails, in the process that
// TestRunFindsFaults starts.
func TestBroken(t *testing.T) {
	if os.Getenv(brokenEnv) == "" {
		t.Skip("for TestRunFindsFaults")
	}
	for name, fault := range broken {
		t.Run(name, func(t *testing.T) { runBroken(t, fault) })
	}
}

func TestWithoutFault(t *testing.T) {
	t.Parallel()
	runBroken(t, nil)
}

func runBroken(t *testing.T, fault func(*store)) {
	t.Helper()
	open := func() *store {
		s := &store{Memory: new(state.Memory)}
		if fault != nil {
			fault(s)
		}
		return s
	}
	shared := open()
	statetest.Run(t, func(test *testing.T) state.Store {
		if t.Failed() {
			test.SkipNow()
		}
		if shared.own {
			return open()
		}
		return shared
	}, statetest.WithBubble(true), statetest.WithLateness(10*time.Millisecond))
}

func TestRunFindsFaults(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBroken$", "-test.timeout=1m")
	cmd.Env = append(os.Environ(), brokenEnv+"=1")
	out, err := cmd.CombinedOutput()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || strings.Contains(string(out), "panic:") {
		t.Fatalf("%v\n%s", err, out)
	}
	for name := range broken {
		if !strings.Contains(string(out), "--- FAIL: TestBroken/"+strings.ReplaceAll(name, " ", "_")+" ") {
			t.Errorf("the fault was not found: %s", name)
		}
	}
}
