package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	chimiddleware "github.com/go-chi/chi/v5/middleware"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
	fiberrecover "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v5"
	echomiddleware "github.com/labstack/echo/v5/middleware"

	"github.com/sautigo/africastalking/examples/internal/serve"
	"github.com/sautigo/africastalking/webhook"
)

// serveFunc serves on l until ctx is done.
type serveFunc func(ctx context.Context, l net.Listener) error

// routers mount the same handlers, each with middleware of its own. The path holds
// the secret, so the access log has the route. The middleware must not call FormValue
// or the like: it would take the body from the handlers.
var routers = map[string]func(a *app, secret string, log *slog.Logger) serveFunc{
	"net/http":    netHTTP,
	"chi":         withChi,
	"gorilla/mux": withGorilla,
	"gin":         withGin,
	"echo":        withEcho,
	"fiber":       withFiber,
}

func netHTTP(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	m := http.NewServeMux()
	m.Handle("/at/{token}/ussd", guard(a.ussd))
	m.Handle("/at/{token}/sms", guard(a.sms))
	m.Handle("/at/{token}/voice", guard(a.voice))
	return handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.ServeHTTP(w, r)
		access(log, r.Pattern) // set by the mux
	}))
}

func withChi(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	r := chi.NewRouter()
	r.Use(chimiddleware.RequestID, chimiddleware.Recoverer, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			access(log, chi.RouteContext(r.Context()).RoutePattern())
		})
	})
	r.Handle("/at/{token}/ussd", guard(a.ussd))
	r.Handle("/at/{token}/sms", guard(a.sms))
	r.Handle("/at/{token}/voice", guard(a.voice))
	return handler(r)
}

func withGorilla(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	r := mux.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			if route, err := mux.CurrentRoute(r).GetPathTemplate(); err == nil {
				access(log, route)
			}
		})
	})
	r.Handle("/at/{token}/ussd", guard(a.ussd))
	r.Handle("/at/{token}/sms", guard(a.sms))
	r.Handle("/at/{token}/voice", guard(a.voice))
	return handler(r)
}

func withGin(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery(), func(c *gin.Context) {
		c.Next()
		access(log, c.FullPath())
	})
	r.Any("/at/:token/ussd", gin.WrapH(guard(a.ussd)))
	r.Any("/at/:token/sms", gin.WrapH(guard(a.sms)))
	r.Any("/at/:token/voice", gin.WrapH(guard(a.voice)))
	return handler(r)
}

func withEcho(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	e := echo.New()
	e.Use(echomiddleware.RequestID(), echomiddleware.Recover(), func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			err := next(c)
			access(log, c.Path())
			return err
		}
	})
	e.Any("/at/:token/ussd", echo.WrapHandler(guard(a.ussd)))
	e.Any("/at/:token/sms", echo.WrapHandler(guard(a.sms)))
	e.Any("/at/:token/voice", echo.WrapHandler(guard(a.voice)))
	return handler(e)
}

// withFiber isolates the handlers: fiber stands on fasthttp, which reuses a request's
// memory once its handler has returned.
func withFiber(a *app, secret string, log *slog.Logger) serveFunc {
	guard := webhook.RequireToken(webhook.PathSegment(2), secret)
	f := fiber.New()
	f.Use(fiberrecover.New(), func(c fiber.Ctx) error {
		err := c.Next()
		access(log, c.Route().Path)
		return err
	})
	f.All("/at/:token/ussd", adaptor.HTTPHandler(webhook.Isolate(guard(a.ussd))))
	f.All("/at/:token/sms", adaptor.HTTPHandler(webhook.Isolate(guard(a.sms))))
	f.All("/at/:token/voice", adaptor.HTTPHandler(webhook.Isolate(guard(a.voice))))
	return func(ctx context.Context, l net.Listener) error {
		return f.Listener(l, fiber.ListenConfig{
			DisableStartupMessage: true,
			GracefulContext:       ctx,
			ShutdownTimeout:       serve.Grace,
		})
	}
}

func handler(h http.Handler) serveFunc {
	return func(ctx context.Context, l net.Listener) error { return serve.Until(ctx, l, h) }
}

func access(log *slog.Logger, route string) {
	log.Info("request", "route", route)
}
