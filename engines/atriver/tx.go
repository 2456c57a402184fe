package atriver

import (
	"context"
	"errors"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	errNoDelivery = errors.New("atriver: Tx: this is no function of a callback that is stored in River")
	errOver       = errors.New("atriver: Tx: the function has returned")
	errNotYours   = errors.New("atriver: the inbox ends this transaction: return nil to commit it, or an error to roll it back")
)

// Tx returns the transaction in which the delivery that ctx belongs to is marked as done.
// What a stored callback's function writes in it is kept if and only if the delivery is
// done, so its effect in this database happens exactly once, whatever dies.
//
//	func saveReport(ctx context.Context, r sms.DeliveryReport) error {
//		tx, err := atriver.Tx(ctx)
//		if err != nil {
//			return err
//		}
//		_, err = tx.Exec(ctx, "update messages set status = $2 where id = $1", r.ID, r.Status)
//		return err
//	}
//
// The first call begins it, and all calls for one delivery return the same: Tx is safe for
// concurrent use, but a [pgx.Tx] is not. The function ends it by returning: Commit and
// Rollback return an error and do nothing. Begin makes a savepoint, which may be committed
// and rolled back. After the function has returned, the transaction is of no use.
//
// Tx returns an error if ctx is not of a function that a [Queue] runs, or if the
// transaction cannot be begun.
func Tx(ctx context.Context) (pgx.Tx, error) {
	e, _ := ctx.Value(effectKey{}).(*effect)
	if e == nil {
		return nil, errNoDelivery
	}
	return e.begin(ctx)
}

type effectKey struct{}

// effect is the transaction of one delivery, if the function wants one.
type effect struct {
	pool *pgxpool.Pool

	mu   sync.Mutex
	tx   pgx.Tx
	over bool
}

func (e *effect) begin(ctx context.Context) (pgx.Tx, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.over {
		return nil, errOver
	}
	if e.tx == nil {
		tx, err := e.pool.Begin(ctx)
		if err != nil {
			return nil, explain(err)
		}
		e.tx = tx
	}
	return borrowed{e.tx}, nil
}

// end returns the transaction, nil if there is none, and lets none begin any more.
func (e *effect) end() pgx.Tx {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.over = true
	return e.tx
}

// borrowed is a transaction that another ends.
type borrowed struct{ pgx.Tx }

// Commit implements [pgx.Tx].
func (borrowed) Commit(context.Context) error { return errNotYours }

// Rollback implements [pgx.Tx].
func (borrowed) Rollback(context.Context) error { return errNotYours }
