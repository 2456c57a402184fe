// Package clienttest plays Africa's Talking for tests of code that sends SMS: a
// server in the test's process, which needs no account and costs nothing.
//
//	func TestReminder(t *testing.T) {
//		at := clienttest.NewServer(t)
//		at.Refuse(client.StatusUserInBlacklist, "+254711000002")
//
//		remind(at.Client(), "+254711000001", "+254711000002")
//
//		want := []client.Message{{To: []string{"+254711000001"}, Text: "Your order has left the shop."}}
//		if diff := cmp.Diff(want, at.Sent()); diff != "" {
//			t.Errorf("sent (-want +got):\n%s", diff)
//		}
//	}
//
// The server accepts every message and answers as recorded on the wire. A test can
// make it refuse recipients ([Server.Refuse]), give the next requests one of the
// replies that break clients ([Server.Next], [Reply]), or answer slowly
// ([Server.Delay]). At the live host api.africastalking.com, which
// [Server.Transport] stands in for, it refuses premium messages, as Africa's Talking
// does: they go to content.africastalking.com.
//
// # Sent messages
//
// [Server.Sent] returns the messages that Africa's Talking would deliver and charge
// for. Where a reply leaves the client in doubt, such as one that is cut short, the
// server has taken the message: a test that then finds a second one has found a
// message sent twice.
//
// # Unknown behaviour
//
// The replies are those of the documentation and of recordings, most of them of the
// sandbox. The order in which Africa's Talking answers about recipients, the HTTP
// status of a do-not-disturb refusal (409 or 201), the answers of proxies, and the
// answer to a premium message at the wrong host are not documented. There the server
// gives the answer that clients have been seen to break on, or says in plain text
// why it refuses. The inbox, GET /version1/messaging, is always empty.
package clienttest
