// Package atnats keeps records in NATS JetStream, for services that run on several
// machines: its [Store] is a [state.Store] over a key-value bucket.
//
//	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true))
//	js, err := jetstream.New(conn)
//	store, err := atnats.New(ctx, js)
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It needs a NATS server 2.11 or later, for the time to live of single records.
// Without MaxReconnects(-1) a client gives up for good after some minutes without a
// server.
//
// # How records are stored
//
// A record is a message of the bucket. Its value is the data. Its version is the
// revision of the bucket, which grows with everything that is saved there and so
// never comes back. A Save is one message, which the server stores only if the last
// revision of the key is the expected one. A Delete is one message, which purges the
// key on the same condition. The first Save after a Delete takes three.
//
// Each message says how long it lasts, in whole seconds: a time to live is rounded
// up to the next second. The server counts the time, and removes the message; no
// clock of a client matters. What a Delete leaves behind lasts for a minute.
//
// A key of up to 128 letters, digits, "-" and "_" becomes the bucket's key "k." and
// itself. The keys of [state.Once], [state.Update] and package ussd are such. Any
// other key becomes "h." and its SHA-256.
//
// # What is not guaranteed
//
//   - A record lasts as the bucket lasts. A server that stops or crashes loses
//     nothing, but a machine that loses power loses what its server had not yet
//     synced to disk: by default up to two minutes, nothing with "sync_interval:
//     always". More replicas ([WithReplicas]) are the other remedy. With a record
//     goes what [state.Once] knew. A bucket that is restored from a backup may give
//     out revisions again: delete it and make it anew.
//   - An error that does not wrap [state.ErrVersion] leaves open whether the record
//     was saved or deleted: the connection may have broken before the answer came.
//   - While the client is not connected, a store returns errors at once and leaves
//     nothing in the client's buffer that would be sent later, unless the
//     connection breaks in that very moment.
//   - A record must fit into a message: 1 MiB unless the server is configured
//     otherwise (max_payload).
//
// The data is stored as it is. Treat the bucket as private.
package atnats
