// Package clienttest is an Africa's Talking to send SMS to, in plain go test, without
// account or charge:
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
// It accepts every message and answers as was recorded on the wire, and can be told
// to do worse: refuse recipients ([Server.Refuse]), give the next requests one of the
// replies that break clients ([Server.Next], [Reply]), or take its time
// ([Server.Delay]).
//
// # What was sent
//
// [Server.Sent] has what Africa's Talking would deliver and charge for. Where a reply
// leaves the client in doubt, such as one that is cut short, the server has taken the
// message: a test that then finds a second one has found a message sent twice.
//
// # What is not known
//
// Replies are those of the documentation and of recordings, most of them of the
// sandbox. In which order Africa's Talking answers about recipients, whether a
// do-not-disturb refusal has the HTTP status 409, and what a proxy in front says, is
// not documented; the server does what clients have been seen to break on.
package clienttest
