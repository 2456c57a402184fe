package internal_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/internal/gateway"
)

// sample returns a callback on the wire from the test data of a package.
func sample(t *testing.T, dir, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", dir, "testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func form() gateway.Callback {
	return gateway.Form("agent/1.0", gateway.Field{"text", "José & Ana +1*#"}, gateway.Field{"to", "+254711000001"})
}

// write answers with a body.
func write(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// answers are handlers whose answers arrive from memory as they do from a server.
var answers = map[string]http.HandlerFunc{
	"nothing":                 func(http.ResponseWriter, *http.Request) {},
	"text":                    write("CON hi"),
	"html":                    write("<!DOCTYPE html><p>hi"),
	"xml":                     write("<?xml version=\"1.0\"?><Response/>"),
	"one write of 2047 bytes": write(strings.Repeat("x", 2047)),
	"one write of 2048 bytes": write(strings.Repeat("x", 2048)),
	"one write of 2049 bytes": write(strings.Repeat("x", 2049)),
	"writes of 2048 bytes": func(w http.ResponseWriter, _ *http.Request) {
		for range 2048 {
			_, _ = io.WriteString(w, "x")
		}
	},
	"writes of 2049 bytes": func(w http.ResponseWriter, _ *http.Request) {
		for range 2049 {
			_, _ = io.WriteString(w, "x")
		}
	},
	"largest":     write(strings.Repeat("x", gateway.MaxAnswer)),
	"too large":   write(strings.Repeat("x", gateway.MaxAnswer+1)),
	"empty write": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) },
	"empty write before text": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(nil)
		_, _ = io.WriteString(w, "CON hi")
	},
	"status alone":      func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
	"status of our own": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(530) },
	"no content":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
	"two statuses": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(400)
		w.WriteHeader(200)
	},
	"early hints": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		_, _ = io.WriteString(w, "CON hi")
	},
	"content type": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("content-type", "text/x")
		_, _ = io.WriteString(w, "CON hi")
	},
	"no content type": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		_, _ = io.WriteString(w, "CON hi")
	},
	"header in lower case": func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["x-hop"] = []string{"a", "b"}
		_, _ = io.WriteString(w, "CON hi")
	},
	"content type of two writes": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(201)
		_, _ = io.WriteString(w, "<ht")
		_, _ = io.WriteString(w, "ml>")
	},
	"content type of the first write before a flush": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "<ht")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "ml>")
	},
	"content type of what is encoded": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "identity")
		_, _ = io.WriteString(w, "CON hi")
	},
	"no content with a header": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		w.Header().Set("Content-Type", "text/x")
		w.WriteHeader(204)
	},
	"not modified": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		w.Header().Set("Content-Type", "text/x")
		w.WriteHeader(304)
		_, _ = io.WriteString(w, "CON hi")
	},
	"header that is late": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(200)
		w.Header().Set("X-Late", "1")
		_, _ = io.WriteString(w, "CON hi")
	},
	"length": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(w, "CON hi")
	},
	"length that is not one": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "six")
		_, _ = io.WriteString(w, "CON hi")
	},
	"length above the body's": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "7")
		_, _ = io.WriteString(w, "CON hi")
	},
	"length below the body's": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(w, "CON hi")
		if _, err := io.WriteString(w, " and more"); !errors.Is(err, http.ErrContentLength) {
			panic(fmt.Sprint("writing too much: ", err))
		}
	},
	"length and flush": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "6")
		_, _ = io.WriteString(w, "CON hi")
		_ = http.NewResponseController(w).Flush()
	},
	"flush": func(w http.ResponseWriter, _ *http.Request) {
		_ = http.NewResponseController(w).Flush()
		w.Header().Set("X-Late", "1")
		_, _ = io.WriteString(w, "CON hi")
	},
	"flush in the middle": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "CON ")
		w.(http.Flusher).Flush()
		_, _ = io.WriteString(w, "hi")
	},
	"redirect": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
	},
	"redirect to nowhere": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://[::1/")
		w.WriteHeader(http.StatusFound)
	},
	"gzip": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, "CON hi")
		_ = z.Close()
	},
	"gzip that is cut": func(w http.ResponseWriter, _ *http.Request) {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, "CON hi")
		_ = z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(b.Bytes()[:b.Len()-4])
	},
	"cut in the middle": func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "CON ")
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	},
	"cut at once": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	"cut before a flush": func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = io.WriteString(w, strings.Repeat("x", 2048))
		panic(http.ErrAbortHandler)
	},
	"request": func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		user, password, ok := r.BasicAuth()
		fmt.Fprintln(w, r.Method, r.URL, r.URL.Path, r.RequestURI, r.Proto, r.ContentLength, r.TransferEncoding, string(body), err, user, password, ok)
		_ = r.Header.Write(w)
	},
}

// In memory and behind a server, an app gets the same callback and gives the same answer.
func TestMemoryIsAsAServer(t *testing.T) {
	t.Parallel()
	const path = "/at%2Fus/ussd?key=1&x=%20"
	for name, h := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewUnstartedServer(h)
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.Start()
			defer server.Close()
			of := func(app gateway.App) any {
				a := app.Post(t.Context(), form())
				a.Header = a.Header.Clone()
				a.Header.Del("Date")
				return struct {
					Status          int
					Reason          string
					Header          http.Header
					Body            string
					Cut, Large, Err bool
				}{a.Status, a.Reason, a.Header, string(a.Body), errors.Is(a.Err, gateway.ErrCut), errors.Is(a.Err, gateway.ErrTooLarge), a.Err != nil}
			}
			withUser := func(url string) string { return strings.Replace(url, "://", "://at:pass@", 1) }
			want := of(gateway.URL(withUser(server.URL)+path, server.Client().Transport))
			got := of(gateway.URL(withUser("http://app.example")+path, gateway.InMemory(h)))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("answer (-server +memory):\n%s", diff)
			}
		})
	}
}

// An answer whose length was announced is there before the handler returns.
func TestFlushedAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var late error
		app := gateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "6")
			_, _ = io.WriteString(w, "CON hi")
			_ = http.NewResponseController(w).Flush()
			<-release
			_, late = io.WriteString(w, "late")
		}), "")
		if a := app.Post(t.Context(), form()); string(a.Body) != "CON hi" || a.Err != nil || a.Took != 0 {
			t.Errorf("answer %q, error %v after %v", a.Body, a.Err, a.Took)
		}
		close(release)
		synctest.Wait()
		if late == nil {
			t.Error("a late write has no error")
		}
	})
}

// The handler does not see how long its client is going to wait, and sees it go.
func TestDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var gone, promised atomic.Bool
		app := gateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, has := r.Context().Deadline()
			promised.Store(has)
			<-r.Context().Done()
			gone.Store(true)
		}), "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if a := app.Post(ctx, form()); !errors.Is(a.Err, context.DeadlineExceeded) || a.Took != time.Second {
			t.Errorf("error %v after %v", a.Err, a.Took)
		}
		synctest.Wait()
		if !gone.Load() || promised.Load() {
			t.Errorf("the handler's context ended: %v, had a deadline: %v, want true and false", gone.Load(), promised.Load())
		}
		if a := app.Post(ctx, form()); !errors.Is(a.Err, context.DeadlineExceeded) {
			t.Errorf("error %v with a context that is over", a.Err)
		}
	})
}

func TestHandlerThatFails(t *testing.T) {
	t.Parallel()
	for name, h := range map[string]http.HandlerFunc{
		"before": func(http.ResponseWriter, *http.Request) { panic("boom") },
		"after a write": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "CON ")
			w.(http.Flusher).Flush()
			panic("boom")
		},
		"bad status": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(1000) },
	} {
		a := gateway.Handler(h, "").Post(t.Context(), form())
		var e *gateway.PanicError
		if !errors.As(a.Err, &e) || !errors.Is(e, gateway.ErrCut) || !strings.Contains(string(e.Stack), "TestHandlerThatFails") {
			t.Errorf("%s: error %#v, want the panic", name, a.Err)
		}
	}
	for size, status := range map[int]int{2048: 0, 2049: 200} {
		a := gateway.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", size))
			panic(http.ErrAbortHandler)
		}), "").Post(t.Context(), form())
		if a.Status != status || !errors.Is(a.Err, gateway.ErrCut) {
			t.Errorf("cut after %d bytes: status %d and %v, want %d and ErrCut", size, a.Status, a.Err, status)
		}
	}
	a := gateway.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { runtime.Goexit() }), "").Post(t.Context(), form())
	if !errors.Is(a.Err, gateway.ErrCut) {
		t.Errorf("Goexit: error %v, want ErrCut", a.Err)
	}
}

// No error has the URL, which may have a secret in it.
func TestErrorsWithoutURL(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(write(""))
	server.Close()
	for _, target := range []string{server.URL + "/ussd?key=secret", "http://[::1/secret", "secret/ussd", "secret://x/secret", "/secret", ""} {
		a := gateway.URL(target, nil).Post(t.Context(), form())
		if a.Err == nil || strings.Contains(a.Err.Error(), "/secret") || strings.Contains(a.Err.Error(), "key=") {
			t.Errorf("%s: error %v", target, a.Err)
		}
	}
}

// A path needs no slash, and a callback without a User-Agent has none.
func TestHandlerTarget(t *testing.T) {
	t.Parallel()
	for target, want := range map[string]string{"": "/", "/": "/", "ussd": "/ussd", "?key=1": "/?key=1", "/ussd": "/ussd", "//x": "//x"} {
		var got []string
		h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = append([]string{r.URL.RequestURI(), r.RequestURI, r.Host, r.RemoteAddr}, r.Header["User-Agent"]...)
		})
		gateway.Handler(h, target).Post(t.Context(), gateway.JSON(gateway.AgentUnknown, 1))
		if diff := cmp.Diff([]string{want, want, "gateway.example", "192.0.2.1:1234"}, got); diff != "" {
			t.Errorf("Handler(%q): the app sees (-want +got):\n%s", target, diff)
		}
	}
}

func TestSame(t *testing.T) {
	t.Parallel()
	a := gateway.Answer{Status: 200, Header: http.Header{"X": {"1"}, "Y": {"1"}}, Body: []byte("a"), Took: 1}
	for _, tt := range []struct {
		name   string
		change func(*gateway.Answer)
		want   bool
	}{
		{"the same", func(*gateway.Answer) {}, true},
		{"time and another header", func(b *gateway.Answer) { b.Took = 2; b.Header.Set("Y", "2") }, true},
		{"status", func(b *gateway.Answer) { b.Status = 201 }, false},
		{"body", func(b *gateway.Answer) { b.Body = nil }, false},
		{"header", func(b *gateway.Answer) { b.Header.Add("X", "1") }, false},
		{"error", func(b *gateway.Answer) { b.Err = gateway.ErrCut }, false},
	} {
		b := a
		b.Header = a.Header.Clone()
		if tt.change(&b); a.Same(b, "X") != tt.want || b.Same(a, "X") != tt.want {
			t.Errorf("%s: Same is not %v", tt.name, tt.want)
		}
	}
}
