// Package atsqlite keeps an inbox and records in one SQLite file: for a service on one
// machine that is to lose nothing it has answered 200, without a server to look after.
//
//	store, err := atsqlite.Open("at.db")
//	in := inbox.New(store)
//	http.Handle("/reports", sms.DeliveryReportHandler(saveReport, in.Stored("reports")))
//	err = in.Run(ctx, 8)
//
// Its [Store] is an [inbox.Queue] and a [state.Store], so [inbox.Once], [state.Once] and
// package ussd keep their records in the same file. It is pure Go: it needs no C
// compiler, and no SQLite on the machine.
//
// # How things are stored
//
// SQLite writes ahead (WAL) and syncs each commit (synchronous=FULL, on macOS with
// F_FULLFSYNC). One goroutine writes: it commits whatever waits as one transaction, so
// that callbacks that come together share one sync. Reads go beside it. The README says
// what that brings.
//
// A delivery that is done is deleted, and SQLite overwrites what it deletes with zeros
// (secure_delete). A copy may stay in the file that ends in -wal until that is written
// over, or until [Store.Close]. Of the key, a hash stays until its window is over, so that
// a repeat is known as a duplicate.
//
// The file belongs to the store alone: it refuses one that another program has made. It
// is made with mode 0600, as are those with -wal, -shm and -lock after their names. What
// waits and what is dead is in it as it was received, phone numbers and texts included.
//
// # One process
//
// One process has the file open at a time, which the file with -lock sees to, on a local
// disk; SQLite does not work on a network file system. [Open] waits for the process before
// it, 30 seconds at most, so a rolling deployment with one instance works: the new process
// starts, and opens the file once the old one has ended. In Kubernetes that is the
// strategy Recreate, or a volume ReadWriteOncePod.
//
// # Errors of the disk
//
// After the first failure of the disk, a full one included, a store writes nothing any
// more: after a failed sync nobody knows what is on the disk, and a second one that
// succeeds proves nothing. Put then returns errors, so callbacks are answered 503 and
// come again; [Store.Run] returns the error. Let the process end and be started again:
// [Open] finds everything that was acknowledged.
//
// # The clock
//
// A store has a clock that never goes back, not even from one process to the next. When
// the clock of the machine does, retries stay on time and windows keep their length. It
// follows the machine's clock forward.
//
// # What is not guaranteed
//
//   - The disk must keep what it was told to sync. Some do not, nor do file systems in
//     memory: [Store.Durability] then says [inbox.ProcessCrash], as far as that can be
//     seen.
//   - The file does not shrink. SQLite uses again what is free in it.
//   - Records and keys whose time is over are removed as others are written, some at a
//     time.
package atsqlite
