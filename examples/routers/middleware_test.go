package main

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	oldchi "github.com/go-chi/chi"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/klauspost/compress/gzhttp"
	oldecho "github.com/labstack/echo/v4"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/ussd"
	"github.com/sautigo/africastalking/webhook"
)

func hop(path string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader("sessionId=1&phoneNumber=%2B254711000001&text="))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

// The whole answer goes out at the deadline, however the middleware compresses it.
func TestDeadlineBehindCompression(t *testing.T) {
	t.Parallel()
	zip, err := gzhttp.NewWrapper(gzhttp.MinSize(1))
	if err != nil {
		t.Fatal(err)
	}
	compress := chimiddleware.Compress(5, "text/plain")
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"chi Compress":                compress,
		"chi Compress and WrapWriter": func(h http.Handler) http.Handler { return compress(chimiddleware.Logger(h)) },
		"chi Compress and Isolate":    func(h http.Handler) http.Handler { return compress(webhook.Isolate(h)) },
		"gzhttp":                      func(h http.Handler) http.Handler { return zip(h) },
		"echo Gzip": func(h http.Handler) http.Handler {
			e := echo.New()
			e.Use(echomiddleware.Gzip())
			e.Any("/*", echo.WrapHandler(h))
			return e
		},
	} {
		for _, http2 := range []bool{false, true} {
			release := make(chan struct{})
			server := httptest.NewUnstartedServer(wrap(ussd.Handler(func(context.Context, ussd.Request) (ussd.Response, error) {
				<-release
				return ussd.End("Too late"), nil
			}, webhook.WithTimeout(50*time.Millisecond), quiet)))
			server.EnableHTTP2 = http2
			server.StartTLS()
			r := hop(server.URL)
			r.RequestURI = ""
			r.Header.Set("Accept-Encoding", "gzip")
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			resp, err := server.Client().Do(r.WithContext(ctx))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			in, err := gzip.NewReader(resp.Body)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			body, err := io.ReadAll(in)
			if string(body) != "END "+ussd.Apology || err != nil || (resp.ProtoMajor == 2) != http2 {
				t.Errorf("%s, %s: answered %q, %v", name, resp.Proto, body, err)
			}
			resp.Body.Close()
			cancel()
			close(release)
			server.Close()
		}
	}
}

// Releases of long ago do not set r.PathValue, and PathSegment does not ask for it.
func TestOlderRouters(t *testing.T) {
	t.Parallel()
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	h := newApp(quiet).ussd
	chi := oldchi.NewRouter()
	chi.Handle("/at/{token}/ussd", guard(h))
	e := oldecho.New()
	e.Any("/at/:token/ussd", oldecho.WrapHandler(guard(h)))
	for name, router := range map[string]http.Handler{"chi v1": chi, "echo v4": e} {
		for token, want := range map[string]int{secret: 200, "x": 404, "": 404} {
			w := httptest.NewRecorder()
			if router.ServeHTTP(w, hop("/at/"+token+"/ussd")); w.Code != want {
				t.Errorf("%s answers %d to the secret %q, want %d", name, w.Code, token, want)
			}
		}
	}
}

// A prober cannot tell a wrong secret from a wrong path on the routers that RequireToken
// names.
func TestProbers(t *testing.T) {
	t.Parallel()
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	h := newApp(quiet).ussd
	std, five, gorilla := http.NewServeMux(), chi.NewRouter(), mux.NewRouter()
	std.Handle("/at/{token}/ussd", guard(h))
	five.Handle("/at/{token}/ussd", guard(h))
	gorilla.Handle("/at/{token}/ussd", guard(h))
	for name, router := range map[string]http.Handler{"net/http": std, "chi": five, "gorilla/mux": gorilla} {
		answer := func(path string) *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			router.ServeHTTP(w, hop(path))
			return w
		}
		secret, path := answer("/at/x/ussd"), answer("/at/x/other")
		if secret.Code != path.Code || secret.Body.String() != path.Body.String() || !cmp.Equal(secret.Header(), path.Header()) {
			t.Errorf("%s: a wrong secret is answered %d %q %v, a wrong path %d %q %v", name,
				secret.Code, secret.Body, secret.Header(), path.Code, path.Body, path.Header())
		}
	}
}
