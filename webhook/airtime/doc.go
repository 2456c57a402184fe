// Package airtime handles what Africa's Talking sends about airtime: what became
// of it, and the question whether to send it.
//
//	http.Handle("/airtime/validation", airtime.ValidationHandler(
//		func(ctx context.Context, v airtime.Validation) (airtime.Decision, error) {
//			if ok, err := orders.Pending(ctx, v.PhoneNumber, v.Value()); err != nil || !ok {
//				return airtime.Failed, err
//			}
//			return airtime.Validated, nil
//		}))
//
// A validation fails closed: without a clear yes no airtime is sent.
package airtime
