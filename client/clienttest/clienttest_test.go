package clienttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sautigo/africastalking"
	"github.com/sautigo/africastalking/client"
	"github.com/sautigo/africastalking/client/clienttest"
)

const (
	ana  = "+254711000001"
	ben  = "+254711000002"
	text = "Your order has left the shop."
)

func to(numbers ...string) client.Message { return client.Message{To: numbers, Text: text} }

func kes(micros int64) africastalking.Money {
	return africastalking.Money{Currency: "KES", Micros: micros}
}

// fate is a client's knowledge after a message to ana and ben.
type fate struct {
	Ana, Ben client.Outcome
	// Errors are the kinds that the error matches.
	Errors []string
	// Sent is whether the server took the message, for how many.
	Sent int
}

var kinds = []struct {
	name string
	err  error
}{
	{"ErrAuthentication", client.ErrAuthentication},
	{"ErrInvalid", client.ErrInvalid},
	{"ErrNotSent", client.ErrNotSent},
	{"ErrOutcomeUnknown", client.ErrOutcomeUnknown},
	{"ErrRefused", client.ErrRefused},
	{"ErrTransient", client.ErrTransient},
}

func fateOf(s *clienttest.Server, res client.Result, err error) fate {
	f := fate{Ana: res.Recipients[0].Outcome, Ben: res.Recipients[1].Outcome}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			f.Errors = append(f.Errors, k.name)
		}
	}
	for _, m := range s.Sent() {
		f.Sent += len(m.To)
	}
	return f
}

// The outcomes of the replies are those that their comments state.
func TestReplies(t *testing.T) {
	t.Parallel()
	const accepted, refused, transient, unknown = client.Accepted, client.Refused, client.Transient, client.OutcomeUnknown
	for reply, want := range map[clienttest.Reply]fate{
		clienttest.Accept:          {accepted, accepted, nil, 2},
		clienttest.InvalidSenderID: {refused, refused, []string{"ErrRefused"}, 0},
		clienttest.Unauthorized:    {refused, refused, []string{"ErrAuthentication", "ErrRefused"}, 0},
		clienttest.DoNotDisturb:    {refused, refused, []string{"ErrRefused"}, 0},
		clienttest.NoStatusCode:    {refused, refused, []string{"ErrRefused"}, 0},
		clienttest.None:            {refused, refused, []string{"ErrRefused"}, 0},
		clienttest.PartialRefusal:  {accepted, refused, []string{"ErrRefused"}, 1},
		clienttest.HTML502:         {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
		clienttest.XMLBody:         {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
		clienttest.CutJSON:         {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
		clienttest.Hang:            {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
		clienttest.Redirect:        {refused, refused, []string{"ErrRefused"}, 0},
		clienttest.Empty:           {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
		clienttest.TooManyRequests: {transient, transient, []string{"ErrTransient"}, 0},
		clienttest.Unavailable:     {transient, transient, []string{"ErrTransient"}, 0},
		clienttest.Silent503:       {unknown, unknown, []string{"ErrOutcomeUnknown"}, 2},
	} {
		for _, inMemory := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/%v", reply, inMemory), func(t *testing.T) {
				t.Parallel()
				s := clienttest.NewServer(t, clienttest.WithInMemory(inMemory))
				s.Next(reply)
				c := s.Client(client.WithTimeout(200 * time.Millisecond))
				if reply != clienttest.Hang {
					c = s.Client()
				}
				res, err := c.Send(t.Context(), to(ana, ben))
				if diff := cmp.Diff(want, fateOf(s, res, err)); diff != "" {
					t.Errorf("%v\nfate (-want +got):\n%s", err, diff)
				}
				// One reply each.
				if _, err := s.Client().Send(t.Context(), to(ana)); err != nil {
					t.Errorf("the next message fails: %v", err)
				}
				if n := len(s.Requests()); n != 2 {
					t.Errorf("%d requests, want 2", n)
				}
			})
		}
	}
}

func TestBreaks(t *testing.T) {
	t.Parallel()
	breaks := clienttest.Breaks()
	if unique := slices.Compact(slices.Sorted(slices.Values(breaks))); len(breaks) != 12 || len(unique) != 12 {
		t.Errorf("Breaks() has %d replies, %d different ones; want 12", len(breaks), len(unique))
	}
}

// The server answers as recorded, in the live style and in the sandbox's.
func TestAccepts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 161)
	for _, tt := range []struct {
		name     string
		username string
		m        client.Message
		opts     []client.Option
		want     client.Result
	}{
		{"live", "myapp", client.Message{To: []string{ana, ben}, Text: long}, nil, client.Result{
			Recipients: []client.Recipient{
				{Number: ana, Outcome: client.Accepted, StatusCode: 101, Status: "Success", MessageID: "ATXid_00000000000000000000000000000001", Cost: kes(1_600_000), CostText: "KES 1.6000", MessageParts: 2},
				{Number: ben, Outcome: client.Accepted, StatusCode: 101, Status: "Success", MessageID: "ATXid_00000000000000000000000000000002", Cost: kes(1_600_000), CostText: "KES 1.6000", MessageParts: 2},
			},
			Summaries: []client.Summary{{Text: "Sent to 2/2 Total Cost: KES 3.2000", Sent: 2, Total: 2, Cost: kes(3_200_000)}},
		}},
		{"bulk", "myapp", client.Message{To: []string{ana}, Text: text, Enqueue: client.EnqueueYes}, []client.Option{client.WithBulk(true)}, client.Result{
			Recipients: []client.Recipient{{Number: ana, Outcome: client.Accepted, StatusCode: 102, Status: "Success", MessageID: "ATXid_00000000000000000000000000000001", Cost: kes(800_000), CostText: "KES 0.8000", MessageParts: 1}},
			Summaries:  []client.Summary{{Text: "Sent to 1/1 Total Cost: KES 0.8000", Sent: 1, Total: 1, Cost: kes(800_000)}},
		}},
		{"sandbox", "sandbox", client.Message{To: []string{ana}, Text: text, Enqueue: client.EnqueueNo}, nil, client.Result{
			Recipients: []client.Recipient{{Number: ana, Outcome: client.Accepted, StatusCode: 101, Status: "Success", MessageID: "ATXid_00000000000000000000000000000001", Cost: kes(800_000), CostText: "KES 0.8000"}},
			Summaries:  []client.Summary{{Text: "Sent to 1/1 Total Cost: USD 0.0079 Message parts: 1", Sent: 1, Total: 1, Cost: africastalking.Money{Currency: "USD", Micros: 7900}, Parts: 1}},
		}},
		{"premium", "myapp", client.Message{To: []string{ana}, Text: text, From: "21512", LinkID: "0309", RequestID: "r1"}, nil, client.Result{
			Recipients: []client.Recipient{{Number: ana, Outcome: client.Accepted, StatusCode: 101, Status: "Success", MessageID: "ATXid_00000000000000000000000000000001", CostText: "0", MessageParts: 1}},
			Summaries:  []client.Summary{{Text: "Sent to 1/1", Sent: 1, Total: 1}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := clienttest.NewServer(t, clienttest.WithAccount(tt.username, clienttest.APIKey))
			got, err := s.Client(tt.opts...).Send(t.Context(), tt.m)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]client.Message{tt.m}, s.Sent()); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	s.Refuse(client.StatusUserInBlacklist, ben)
	res, err := s.Client().Send(t.Context(), to(ana, ben))
	if diff := cmp.Diff(fate{client.Accepted, client.Refused, []string{"ErrRefused"}, 1}, fateOf(s, res, err)); diff != "" {
		t.Errorf("fate (-want +got):\n%s", diff)
	}
	want := client.Recipient{Number: ben, Outcome: client.Refused, StatusCode: 406, Status: "UserInBlacklist", CostText: "0"}
	if diff := cmp.Diff(want, res.Recipients[1]); diff != "" {
		t.Errorf("recipient (-want +got):\n%s", diff)
	}
	s.Refuse(0, ben)
	if _, err := s.Client().Send(t.Context(), to(ben)); err != nil {
		t.Errorf("after taking it back: %v", err)
	}
	if diff := cmp.Diff([]client.Message{to(ana), to(ben)}, s.Sent()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// Local numbers are a mistake that a test should find.
func TestRefusesLocalNumbers(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	res, _ := s.Client().Send(t.Context(), to("0711000001", "254711000001", "+25471100000a", "+254711", "+2547110000010000", ana))
	var got []int
	for _, r := range res.Recipients {
		got = append(got, r.StatusCode)
	}
	if diff := cmp.Diff([]int{403, 403, 403, 403, 403, 101}, got); diff != "" {
		t.Errorf("codes (-want +got):\n%s", diff)
	}
}

func TestNoSuchReply(t *testing.T) {
	t.Parallel()
	defer func() {
		if v := recover(); v != `clienttest: there is no reply "503"` {
			t.Errorf("panic %v", v)
		}
	}()
	clienttest.NewServer(t).Next("503")
}

func TestNextHTTP(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	s.NextHTTP(http.StatusTeapot, "text/plain", "short and stout")
	_, err := s.Client().Send(t.Context(), to(ana))
	var e *client.HTTPError
	if !errors.As(err, &e) || e.StatusCode != http.StatusTeapot || e.Body != "short and stout" || len(s.Sent()) > 0 {
		t.Errorf("error %v with %d sent, want the reply and none", err, len(s.Sent()))
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	s.Next(clienttest.HTML502)
	_, _ = s.Client().Send(t.Context(), to(ana))
	_, _ = s.Client(client.WithBulk(true)).Send(t.Context(), to(ben))
	want := []clienttest.Request{
		{
			Host: strings.TrimPrefix(s.URL, "http://"), Path: "/version1/messaging", Message: to(ana),
			Body: "username=clienttest&to=%2B254711000001&message=Your+order+has+left+the+shop.&bulkSMSMode=1",
		},
		{
			Host: strings.TrimPrefix(s.URL, "http://"), Path: "/version1/messaging/bulk", Message: to(ben),
			Body: `{"username":"clienttest","message":"Your order has left the shop.","phoneNumbers":["+254711000002"]}`,
		},
	}
	got := s.Requests()
	for i := range got {
		if key := got[i].Header.Get("apiKey"); key != clienttest.APIKey {
			t.Errorf("apiKey %q, want %q", key, clienttest.APIKey)
		}
		got[i].Header = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	c := s.Client()
	var wg sync.WaitGroup
	want := map[string]int{}
	for i := range 100 {
		number := fmt.Sprintf("+2547110001%02d", i)
		want[number] = 1
		wg.Go(func() {
			if _, err := c.Send(t.Context(), to(number)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got := map[string]int{}
	for _, m := range s.Sent() {
		for _, number := range m.To {
			got[number]++
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

func TestManyRecipients(t *testing.T) {
	t.Parallel()
	for _, inMemory := range []bool{false, true} {
		s := clienttest.NewServer(t, clienttest.WithInMemory(inMemory))
		numbers := make([]string, 10_000)
		for i := range numbers {
			numbers[i] = fmt.Sprintf("+25471%07d", i)
		}
		res, err := s.Client(client.WithChunkSize(len(numbers))).Send(t.Context(), to(numbers...))
		if err != nil || len(res.Filter(client.Accepted)) != len(numbers) {
			t.Errorf("in memory: %v: %d accepted and error %v, want %d", inMemory, len(res.Filter(client.Accepted)), err, len(numbers))
		}
	}
}

// In a bubble the pauses of retries and hanging requests take no time.
func TestBubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clienttest.NewServer(t, clienttest.WithInMemory(true))
		start := time.Now()
		s.Next(clienttest.Unavailable, clienttest.TooManyRequests)
		if _, err := s.Client(client.WithRetries(2)).Send(t.Context(), to(ana)); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took < 2*time.Second {
			t.Errorf("two pauses of a second took %s", took)
		}

		start = time.Now()
		s.Next(clienttest.Hang)
		_, err := s.Client().Send(t.Context(), to(ana))
		if !errors.Is(err, client.ErrOutcomeUnknown) || time.Since(start) != 30*time.Second {
			t.Errorf("error %v after %s, want an unknown outcome after 30s", err, time.Since(start))
		}

		start = time.Now()
		s.Delay(5 * time.Second)
		if _, err := s.Client().Send(t.Context(), to(ana)); err != nil || time.Since(start) != 5*time.Second {
			t.Errorf("error %v after %s, want none after 5s", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Client().Send(ctx, to(ana)); !errors.Is(err, client.ErrOutcomeUnknown) {
			t.Errorf("error %v, want an unknown outcome", err)
		}
		if n := len(s.Sent()); n != 4 {
			t.Errorf("%d sent, want 4: a message is sent before its delay", n)
		}
	})
}

// A request hangs no longer than its test.
func TestHangEnds(t *testing.T) {
	t.Parallel()
	for _, inMemory := range []bool{false, true} {
		done := make(chan error, 1)
		t.Run(fmt.Sprint(inMemory), func(t *testing.T) {
			s := clienttest.NewServer(t, clienttest.WithInMemory(inMemory))
			s.Next(clienttest.Hang)
			c := s.Client()
			go func() {
				_, err := c.Send(context.Background(), to(ana))
				done <- err
			}()
			for len(s.Requests()) == 0 {
				time.Sleep(time.Millisecond)
			}
		})
		if err := <-done; !errors.Is(err, client.ErrOutcomeUnknown) {
			t.Errorf("error %v, want an unknown outcome", err)
		}
	}
}

// Requests that are not the client's are answered as recorded, or with the texts of
// the API's server.
func TestOtherClients(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	c := &http.Client{Transport: s.Transport()}
	form := url.Values{"username": {clienttest.Username}, "to": {ana}, "message": {text}}
	without := func(field string) url.Values {
		v := url.Values{}
		for name := range form {
			if name != field {
				v[name] = form[name]
			}
		}
		return v
	}
	with := func(field, value string) url.Values {
		v := without(field)
		v.Set(field, value)
		return v
	}
	const classic, urlencoded = "/version1/messaging", "application/x-www-form-urlencoded"
	const wrongHost = "Premium messages go to content.africastalking.com"
	masked := func(id int) string {
		return fmt.Sprintf(`{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"cost":"KES 0.8000","messageId":"ATXid_%032d","messageParts":1,"number":"5a3f","status":"Success","statusCode":101}]}}`, id)
	}
	for _, tt := range []struct {
		name, method, path, contentType, body, key, accept string
		status                                             int
		want                                               string
	}{
		{"JSON", "POST", classic, urlencoded, form.Encode(), clienttest.APIKey, "text/plain, application/json;q=0.9", 201,
			`{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"cost":"KES 0.8000","messageId":"ATXid_00000000000000000000000000000001","messageParts":1,"number":"+254711000001","status":"Success","statusCode":101}]}}`},
		{"XML", "POST", classic, urlencoded, form.Encode(), clienttest.APIKey, "", 201,
			`<AfricasTalkingResponse><SMSMessageData><Message>Sent to 1/1 Total Cost: KES 0.8000</Message><Recipients><Recipient><cost>KES 0.8000</cost><messageId>ATXid_00000000000000000000000000000002</messageId><messageParts>1</messageParts><number>+254711000001</number><status>Success</status><statusCode>101</statusCode></Recipient></Recipients></SMSMessageData></AfricasTalkingResponse>`},
		{"key", "POST", classic, urlencoded, form.Encode(), "other", "application/json", 401, "The supplied authentication is invalid"},
		{"username", "POST", classic, urlencoded, with("username", "sandbox").Encode(), clienttest.APIKey, "application/json", 401, "The supplied authentication is invalid"},
		{"no recipients", "POST", classic, urlencoded, without("to").Encode(), clienttest.APIKey, "application/json", 400, "Request is missing required form field 'to'"},
		{"no username", "POST", classic, urlencoded, without("username").Encode(), clienttest.APIKey, "application/json", 400, "Request is missing required form field 'username'"},
		{"enqueue", "POST", classic, urlencoded, with("enqueue", "true").Encode(), clienttest.APIKey, "application/json", 400, "The form field 'enqueue' was malformed:\n'true' is not a valid 32-bit signed integer value"},
		{"hours", "POST", classic, urlencoded, with("retryDurationInHours", "1h").Encode(), clienttest.APIKey, "application/json", 400, "The form field 'retryDurationInHours' was malformed:\n'1h' is not a valid 32-bit signed integer value"},
		{"escape", "POST", classic, urlencoded, "to=%zz", clienttest.APIKey, "application/json", 400, "The request content was malformed:\ninvalid URL escape \"%zz\""},
		{"JSON to the form", "POST", classic, "application/json", "{}", clienttest.APIKey, "application/json", 415, "The request's Content-Type is not supported. Expected:\napplication/x-www-form-urlencoded"},
		{"bulk without text", "POST", classic + "/bulk", "application/json", `{"username":"clienttest","phoneNumbers":[]}`, clienttest.APIKey, "application/json", 400, "The request content was malformed:\nObject is missing required member 'message'"},
		{"bulk form", "POST", classic + "/bulk", urlencoded, "username=clienttest&phoneNumbers=%2B254711000001&message=x&senderId=SHOP", clienttest.APIKey, "application/json", 201,
			`{"SMSMessageData":{"Message":"Sent to 1/1 Total Cost: KES 0.8000","Recipients":[{"cost":"KES 0.8000","messageId":"ATXid_00000000000000000000000000000003","messageParts":1,"number":"+254711000001","status":"Success","statusCode":101}]}}`},
		{"bulk in the sandbox", "POST", classic + "/bulk", urlencoded, "username=sandbox&phoneNumbers=%2B254711000001&message=x", clienttest.APIKey, "application/json", 404, "The requested resource could not be found."},
		{"path twice", "POST", "/version1" + classic, urlencoded, form.Encode(), clienttest.APIKey, "application/json", 404, "The requested resource could not be found."},
		{"too large", "POST", classic, urlencoded, "message=" + strings.Repeat("x", 9<<20), clienttest.APIKey, "application/json", 413, "EntityStreamSizeException: incoming entity size exceeded size limit (8388608 bytes)!"},
		{"bulk enqueue", "POST", classic + "/bulk", "application/json", `{"username":"clienttest","message":"x","phoneNumbers":[],"enqueue":2}`, clienttest.APIKey, "application/json", 400, "The request content was malformed:\nenqueue is neither 0 nor 1"},
		{"inbox", "GET", classic + "?username=clienttest&lastReceivedId=0", "", "", clienttest.APIKey, "application/json", 200, `{"SMSMessageData":{"Messages":[]}}`},
		{"inbox of another", "GET", classic + "?username=other", "", "", clienttest.APIKey, "application/json", 401, "The supplied authentication is invalid"},
		{"inbox without username", "GET", classic, "", "", clienttest.APIKey, "application/json", 404, "Request is missing required query parameter 'username'"},
		{"PUT", "PUT", classic, urlencoded, form.Encode(), clienttest.APIKey, "application/json", 405, "HTTP method not allowed, supported methods: GET, POST"},
		{"bulk GET", "GET", classic + "/bulk?username=clienttest", "", "", clienttest.APIKey, "application/json", 405, "HTTP method not allowed, supported methods: POST"},
		{"masked, form", "POST", classic + "/bulk", urlencoded, "username=clienttest&maskedNumber=5a3f&telco=Safaricom&message=x", clienttest.APIKey, "application/json", 201, masked(4)},
		{"masked, JSON", "POST", classic + "/bulk", "application/json", `{"username":"clienttest","message":"x","maskedNumber":"5a3f","telco":"Safaricom","phoneNumbers":[]}`, clienttest.APIKey, "application/json", 201, masked(5)},
		{"masked, classic", "POST", classic, urlencoded, "username=clienttest&maskedNumber=5a3f&telco=Safaricom&message=x", clienttest.APIKey, "application/json", 201, masked(6)},
		{"masked without text", "POST", classic, urlencoded, "username=clienttest&maskedNumber=5a3f", clienttest.APIKey, "application/json", 400, "Request is missing required form field 'message'"},
		{"premium", "POST", classic, urlencoded, with("bulkSMSMode", "0").Encode(), clienttest.APIKey, "application/json", 400, wrongHost},
		{"keyword", "POST", classic, urlencoded, with("keyword", "NEWS").Encode(), clienttest.APIKey, "application/json", 400, wrongHost},
		{"link", "POST", classic, urlencoded, with("linkId", "0309").Encode(), clienttest.APIKey, "application/json", 400, wrongHost},
		{"elsewhere", "POST", "/version1/airtime/send", urlencoded, "", clienttest.APIKey, "application/json", 404, "The requested resource could not be found."},
	} {
		// Not parallel: message ids count up.
		r, err := http.NewRequestWithContext(t.Context(), tt.method, "https://api.africastalking.com"+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", tt.contentType)
		r.Header.Set("Apikey", tt.key)
		if tt.accept != "" {
			r.Header.Set("Accept", tt.accept)
		}
		resp, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Error(err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Error(err)
		}
		if resp.StatusCode != tt.status || string(body) != tt.want {
			t.Errorf("%s: answered %d %s\nwant %d %s", tt.name, resp.StatusCode, body, tt.status, tt.want)
		}
	}
}

// The live host of ordinary messages refuses premium ones, which are not sent; the
// other hosts take them.
func TestPremiumHost(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		host, field, value string
		want               int
	}{
		{"api.africastalking.com", "bulkSMSMode", "0", 0},
		{"api.africastalking.com", "keyword", "NEWS", 0},
		{"api.africastalking.com", "linkId", "0309", 0},
		{"api.africastalking.com:443", "bulkSMSMode", "0", 0},
		{"API.AfricasTalking.com", "bulkSMSMode", "0", 0},
		{"api.africastalking.com", "bulkSMSMode", "1", 1},
		{"api.africastalking.com", "linkId", "0", 1},
		{"content.africastalking.com", "bulkSMSMode", "0", 1},
		{"api.sandbox.africastalking.com", "bulkSMSMode", "0", 1},
		{"api.example.test", "linkId", "0309", 1},
	} {
		t.Run(tt.host+"/"+tt.field+"="+tt.value, func(t *testing.T) {
			t.Parallel()
			s := clienttest.NewServer(t, clienttest.WithInMemory(true))
			form := url.Values{"username": {clienttest.Username}, "to": {ana}, "message": {text}, "from": {"22384"}, tt.field: {tt.value}}
			r, err := http.NewRequestWithContext(t.Context(), "POST", "https://"+tt.host+"/version1/messaging", strings.NewReader(form.Encode()))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Apikey", clienttest.APIKey)
			resp, err := (&http.Client{Transport: s.Transport()}).Do(r)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if got := len(s.Sent()); got != tt.want || len(s.Requests()) != 1 {
				t.Errorf("%d messages sent and %d requests, want %d and 1; the status is %d", got, len(s.Requests()), tt.want, resp.StatusCode)
			}
		})
	}
}

// Where a message goes to is seen.
func TestHosts(t *testing.T) {
	t.Parallel()
	s := clienttest.NewServer(t)
	c := client.New(clienttest.Username, clienttest.APIKey, client.WithHTTPClient(&http.Client{Transport: s.Transport()}))
	premium := to(ben)
	premium.From, premium.LinkID = "21512", "0309"
	for _, m := range []client.Message{to(ana), premium} {
		if _, err := c.Send(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	var got []string
	for _, r := range s.Requests() {
		got = append(got, r.Host)
	}
	if diff := cmp.Diff([]string{"api.africastalking.com", "content.africastalking.com"}, got); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
}
