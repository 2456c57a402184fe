// Package atnats keeps an inbox and records in NATS JetStream, for services that run on
// several machines: [Queue] is an [inbox.Queue] over a stream, and [Store] a [state.Store]
// over a key-value bucket.
//
//	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.RetryOnFailedConnect(true))
//	js, err := jetstream.New(conn)
//
//	queue, err := atnats.NewQueue(ctx, js, atnats.WithMonitor("http://localhost:8222"))
//	in := inbox.New(queue)
//
//	store, err := atnats.New(ctx, js)
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It needs a NATS server 2.11 or later, for the time to live of single messages.
// Without MaxReconnects(-1) a client gives up for good after some minutes without a
// server.
//
// # How deliveries are stored
//
// A delivery is one message of the stream, whose subject holds the stream's name, the
// state, the key and the time in milliseconds at which the callback was received:
//
//	at-inbox.wait.KEY.TIME   to be handled; the body is the callback's
//	at-inbox.dead.KEY.TIME   a dead letter
//	at-inbox.done.KEY.TIME   it was handled; no body
//
// Every change of the state is one message, which the server stores only if the last
// message of the key, whatever its state, is the expected one. So Put, the end of an
// attempt and Requeue each happen as a whole or not at all, on all machines, and of two
// that meet one fails. A message that says "done" lasts as long as the window of its key
// and at least five minutes: the server removes it then.
//
// JetStream has message ids (Nats-Msg-Id) against duplicates. They are not used: their
// window is one for the whole stream, its memory is gone when the server starts again
// after the message was handled, and it knows nothing of dead letters. A message that
// says "done" takes 330 bytes on the disk and 300 in the server's memory, so 72 hours of
// 10 callbacks a second take 0.9 GB and 0.8 GB.
//
// A pull consumer hands out what waits, one delivery for each worker that is free, and an
// acknowledgment removes the message, after the one that says "done" is stored. Before a
// delivery is handled, its worker reads the last message of its key, so what the server
// hands out again because an acknowledgment was lost is not handled again. A worker says
// every two seconds that it is alive. Ten seconds after the last sign of life another one
// gets the delivery.
//
// # How safe the server keeps them
//
// By default a NATS server syncs to the disk every two minutes, and a power cut loses what
// it acknowledged since. Replicas do not help if all of them lose power. [NewQueue]
// refuses such servers unless [WithLossAtPowerCut] allows them. Configure
//
//	http_port: 8222
//	jetstream: { store_dir: /var/lib/nats, sync_interval: always }
//
// and name the addresses of all servers that keep the stream with [WithMonitor]: a client
// cannot see how a server syncs in any other way. With three replicas Durability then says
// [inbox.Replicated], with fewer [inbox.PowerCut].
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
//   - When a server stops while a function runs and does not come back within ten
//     seconds, the delivery may be handed to another process as well.
//   - A body that was handled stays in the server's files until it compacts them.
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
// Callbacks and data are stored as they are. Treat the stream and the bucket as private.
package atnats
