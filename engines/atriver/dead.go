package atriver

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/riverqueue/river/rivertype"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// Dead implements [inbox.DeadLetters].
func (q *Queue) Dead(ctx context.Context, after string, n int) ([]inbox.DeadLetter, error) {
	letters, err := q.letters(ctx, after, n)
	if err != nil {
		return nil, fmt.Errorf("atriver: listing dead letters: %w", explain(err))
	}
	return letters, nil
}

func (q *Queue) letters(ctx context.Context, after string, n int) (letters []inbox.DeadLetter, err error) {
	rows, err := q.pool.Query(ctx, q.sql.dead, after, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			j    job
			last *rivertype.AttemptError // none if a person has cancelled the job
			died time.Time
		)
		if err := rows.Scan(&j, &last, &died); err != nil {
			return nil, err
		}
		if last == nil {
			last = &rivertype.AttemptError{Error: "cancelled"}
		}
		letters = append(letters, inbox.DeadLetter{Delivery: j.delivery(last.Attempt), Died: died, Reason: last.Error})
	}
	return letters, rows.Err()
}

// Requeue implements [inbox.DeadLetters].
func (q *Queue) Requeue(ctx context.Context, key string) error {
	return q.change(ctx, q.sql.requeue, key)
}

// Drop implements [inbox.DeadLetters].
func (q *Queue) Drop(ctx context.Context, key string) error {
	err := q.change(ctx, q.sql.drop, key)
	if err == nil {
		q.quota.add(-1)
	}
	return err
}

func (q *Queue) change(ctx context.Context, statement, key string) error {
	if !utf8.ValidString(key) || strings.Contains(key, "\x00") {
		return inbox.ErrNotFound // such a key cannot be asked for
	}
	tag, err := q.pool.Exec(ctx, statement, key)
	if err != nil {
		return fmt.Errorf("atriver: changing a dead letter: %w", explain(err))
	}
	if tag.RowsAffected() == 0 {
		return inbox.ErrNotFound
	}
	return nil
}
