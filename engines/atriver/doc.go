// Package atriver keeps an inbox in Postgres, with River: for services that run on several
// machines and have a Postgres already, and for effects that must happen exactly once.
//
//	pool, err := pgxpool.New(ctx, os.Getenv("DATABASE_URL"))
//	err = atriver.Migrate(ctx, pool)
//	queue, err := atriver.New(pool)
//	in := inbox.New(queue)
//	http.Handle("/reports", sms.DeliveryReportHandler(saveReport, in.Stored("reports")))
//	err = in.Run(ctx, 8)
//
// # Exactly once
//
// A callback's function may run again, because its process died before it returned. What
// it writes in the transaction of [Tx] is committed together with the mark that the
// delivery is done, so that it is kept once. That holds for this database alone: a payment
// that is asked for over the network in the meantime needs state.Once.
//
// # How deliveries are stored
//
// A delivery is a River job in a schema of its own, [DefaultSchema], so that neither
// River's maintenance nor an app's own jobs get in the way. riverui shows it. Calls of Put
// that come at the same time are inserted as one transaction. A key is unique in every
// state of a job:
//
//   - A repeat of what waits, runs or was done within its window is a duplicate. A repeat
//     after the window replaces the job.
//   - A repeat of a dead letter takes its turn again, as does one that a person retries,
//     here or in riverui: with all its attempts, and in the same row.
//
// The result of each call is committed before the worker takes another delivery. So a
// process that dies repeats no more deliveries than it has workers. They are handled again
// when twice the process timeout has passed, or that and a minute if it is less.
//
// The body is removed in the statement that marks a delivery as done; vacuum removes it
// from the disk. Until then, and in dead letters, the job holds it in base64, as it was
// received, phone numbers and texts included. Treat the schema as private. A job that is
// done stays for [DefaultRetention], without its body, and a dead letter for 90 days.
//
// # The server
//
// Postgres 14 or later; it is tested with 15. [Queue.Durability] tells what its settings
// promise. All times are the server's, but for the end of a window.
//
// A process takes a connection for each worker and four more, and others for what the
// app's functions do beside Tx. Behind PgBouncer in transaction mode, set
// default_query_exec_mode=exec in the pool's URL and use [WithPollOnly].
//
// When the server is gone, Put returns errors, so callbacks are answered 503 and come
// again. Run waits for it while nothing is being handled. A result that cannot be noted
// for half a minute, or that the server refuses, ends Run with an error: let the process
// end and be started again.
//
// # What is not guaranteed
//
//   - Order.
//   - A function that takes longer than the process timeout and ignores its context may
//     run twice at once, on two machines. Its transaction is then kept once.
//   - The server is asked once for its settings, when a queue is made. It may change them,
//     or fail over to one with others.
package atriver
