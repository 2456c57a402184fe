package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking/examples/internal/curl"
	"github.com/sautigo/africastalking/examples/internal/exampletest"
)

const (
	secret   = "6f1c9a4be27d03586f1c9a4be27d0358"
	password = "correct horse"
)

func start() (http.Handler, *exampletest.Log) {
	log := exampletest.NewLog()
	return newApp(secret, password, slog.New(slog.NewTextHandler(log, nil))), log
}

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	return r
}

func do(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func hop(text string) string {
	return curl.Form("sessionId", "ATUid_1", "phoneNumber", "+254711000001", "text", text)
}

func report(id, status string) string {
	return curl.Form("id", id, "status", status, "phoneNumber", "+254711000001")
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	wrong := strings.Replace(secret, "6", "7", 1)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		answer                   string
	}{
		{"the app's home", "GET", "/", "", 200, "The shop is open.\n"},
		{"nothing there", "GET", "/nowhere", "", 404, "404 page not found\n"},
		{"first screen", "POST", "/at/" + secret + "/ussd", hop(""), 200, "CON Welcome to the shop\n1. Opening hours"},
		{"second screen", "POST", "/at/" + secret + "/ussd", hop("1"), 200, "END We are open from eight to five."},
		{"report", "POST", "/at/" + secret + "/sms/delivery-reports", report("ATXid_1", "Success"), 200, "OK"},
		{"incomplete report", "POST", "/at/" + secret + "/sms/delivery-reports", "id=ATXid_1", 400, "webhook: field status: missing\n"},
		{"not a POST", "GET", "/at/" + secret + "/ussd", "", 405, ""},
		{"no such callback", "POST", "/at/" + secret + "/nowhere", "", 404, "404 page not found\n"},
		{"wrong secret", "POST", "/at/" + wrong + "/ussd", hop(""), 404, "404 page not found\n"},
		{"wrong secret, no such callback", "POST", "/at/" + wrong + "/nowhere", "", 404, "404 page not found\n"},
		{"wrong secret, not a POST", "GET", "/at/" + wrong + "/ussd", "", 404, "404 page not found\n"},
		{"empty secret", "POST", "/at//ussd", hop(""), 0, ""},
		{"no slash", "POST", "/at/" + secret, hop(""), 0, ""},
		{"two slashes", "POST", "/at/" + secret + "//ussd", hop(""), 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, log := start()
			w := do(h, request(test.method, test.path, test.body))
			switch {
			case test.status == 0:
				if w.Code < 300 {
					t.Errorf("answered %d, want a refusal or a redirect", w.Code)
				}
			case w.Code != test.status || test.answer != "" && w.Body.String() != test.answer:
				t.Errorf("answered %d %q, want %d %q", w.Code, w.Body, test.status, test.answer)
			}
			if strings.Count(log.String(), "msg=request") != 1 {
				t.Errorf("want one line for the request in the access log:\n%s", log)
			}
			if !strings.Contains(log.String(), w.Header().Get("X-Request-Id")) {
				t.Errorf("the log does not have the request's ID:\n%s", log)
			}
			log.Lacks(t, secret, wrong, "711000001")
		})
	}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/admin/messages", "/metrics"} {
		for _, user := range [][2]string{{"", ""}, {"admin", secret}, {"root", password}} {
			h, _ := start()
			r := request("GET", path, "")
			r.SetBasicAuth(user[0], user[1])
			if w := do(h, r); w.Code != http.StatusUnauthorized {
				t.Errorf("%s is answered %d to %q, want 401", path, w.Code, user)
			}
		}
	}
}

func get(t *testing.T, h http.Handler, path string) string {
	t.Helper()
	r := request("GET", path, "")
	r.SetBasicAuth("admin", password)
	w := do(h, r)
	if w.Code != http.StatusOK {
		t.Fatalf("%s is answered %d", path, w.Code)
	}
	return w.Body.String()
}

func TestMessages(t *testing.T) {
	t.Parallel()
	h, _ := start()
	for _, body := range []string{
		report("ATXid_2", "Sent"), report("ATXid_1", "Success"), report("ATXid_1", "Sent"), report("ATXid_2", "Submitted"),
	} {
		do(h, request("POST", "/at/"+secret+"/sms/delivery-reports", body))
	}
	if diff := cmp.Diff("ATXid_1 Success\nATXid_2 Submitted\n", get(t, h, "/admin/messages")); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	h, _ := start()
	for _, body := range []string{hop(""), hop("1"), "text=1"} {
		do(h, request("POST", "/at/"+secret+"/ussd", body))
	}
	do(h, request("POST", "/at/"+secret+"/sms/delivery-reports", report("ATXid_1", "Success")))
	do(h, request("POST", "/at/wrong/ussd", hop("")))
	do(h, request("GET", "/", ""))

	got, seconds, _ := strings.Cut(get(t, h, "/metrics"), "# TYPE callbacks_seconds_total counter\n")
	const want = `# TYPE callbacks_total counter
callbacks_total{kind="sms.DeliveryReport",status="200",failed="false"} 1
callbacks_total{kind="ussd.Request",status="200",failed="false"} 2
callbacks_total{kind="ussd.Request",status="400",failed="true"} 1
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	if n := strings.Count(seconds, "\n"); n != 3 {
		t.Errorf("%d durations, want 3:\n%s", n, seconds)
	}
}

func TestRequestIDReachesHandlers(t *testing.T) {
	t.Parallel()
	h, log := start()
	w := do(h, request("POST", "/at/"+secret+"/ussd", hop("")))
	id := w.Header().Get("X-Request-Id")
	if !strings.Contains(log.String(), `msg="USSD request" request=`+id) ||
		!strings.Contains(log.String(), "msg=request request="+id+" method=POST route=/at/{token}/ussd status=200") {
		t.Errorf("want the ID %s in both lines of the log:\n%s", id, log)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, nil)
	wants := []string{
		"The shop is open.\n",
		"",
		"# TYPE callbacks_total counter\n# TYPE callbacks_seconds_total counter\n",
		"CON Welcome to the shop\n1. Opening hours",
		"OK",
	}
	lines := p.Curls()
	if len(lines) != len(wants) {
		t.Fatalf("%d curl lines are printed, want %d:\n%s", len(lines), len(wants), p.Intro)
	}
	for i, want := range wants {
		if status, body := exampletest.Do(t, lines[i]); status != http.StatusOK || body != want {
			t.Errorf("%s\nis answered %d %q, want 200 %q", lines[i], status, body, want)
		}
	}
	p.Stop()
	if err := <-p.Ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

func TestRunTakesSecretsFromEnvironment(t *testing.T) {
	t.Parallel()
	p := exampletest.Start(t, run, map[string]string{"CALLBACK_SECRET": secret, "ADMIN_PASSWORD": password})
	if strings.Contains(p.Intro, secret) || strings.Contains(p.Intro, password) {
		t.Errorf("the program shows a secret that it was given:\n%s", p.Intro)
	}
	if !strings.Contains(p.Intro, `/at/"$CALLBACK_SECRET"/ussd`) {
		t.Errorf("the program does not say where the secret goes:\n%s", p.Intro)
	}
	resp, err := http.Post(p.URL(t)+"/at/"+secret+"/ussd", "application/x-www-form-urlencoded", strings.NewReader(hop("1")))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %s, want 200", resp.Status)
	}
}
