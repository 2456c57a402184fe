package atsqlite

import (
	"database/sql"
	"errors"
	"fmt"
)

// statements are those of the goroutine that writes.
type statements struct {
	begin, commit, rollback, checkpoint, empty, saveClock *stmt

	claim, claimAgain, seen, stage, insert, revive, forget *stmt
	done, retry, bury, requeue, drop                       *stmt
	nextSeen, removeSeen                                   *stmt

	createRecord, updateRecord, deleteRecord *stmt
	nextRecord, removeRecord                 *stmt
}

func (s *Store) prepareStatements() (err error) {
	var t statements
	for text, statement := range map[string]**stmt{
		"begin immediate":                    &t.begin,
		"commit":                             &t.commit,
		"rollback":                           &t.rollback,
		"pragma wal_checkpoint(passive)":     &t.checkpoint,
		"pragma wal_checkpoint(truncate)":    &t.empty,
		"update clock set now = max(now, ?)": &t.saveClock,

		"insert into seen (key, until, id) values (?, ?, ?) on conflict do nothing": &t.claim,
		"update seen set until = ?, id = ? where key = ?":                           &t.claimAgain,
		"select until, id from seen where key = ?":                                  &t.seen,
		"delete from seen where key = ?":                                            &t.forget,
		"select due from inbox where id = ? and key = ?":                            &t.stage,
		`insert into inbox (id, due, received, key, name, media, body, died, reason)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)`: &t.insert,
		"update inbox set due = ?, attempts = 0, died = null, reason = null where id = ?": &t.revive,

		"delete from inbox where id = ?":                                                               &t.done,
		"update inbox set due = ?, attempts = ? where id = ?":                                          &t.retry,
		"update inbox set due = -1, attempts = ?, died = ?, reason = ? where id = ?":                   &t.bury,
		"update inbox set due = ?, attempts = 0, died = null, reason = null where key = ? and due < 0": &t.requeue,
		"delete from inbox where key = ? and due < 0":                                                  &t.drop,

		fmt.Sprintf("select key from seen where key > ? order by key limit 1 offset %d", sweepRows-1): &t.nextSeen,
		`delete from seen where key > ? and key <= ? and until <= ?
			and not exists (select 1 from inbox where inbox.id = seen.id)`: &t.removeSeen,

		`insert into record (key, version, until, data) values (?1, ?2, ?3, ?4)
			on conflict do update set version = ?2, until = ?3, data = ?4 where until <= ?5`: &t.createRecord,
		"update record set version = ?, until = ?, data = ? where key = ? and version = ? and until > ?": &t.updateRecord,
		"delete from record where key = ? and version = ? and until > ?":                                 &t.deleteRecord,
		fmt.Sprintf("select key from record where key > ? order by key limit 1 offset %d", sweepRows-1):  &t.nextRecord,
		"delete from record where key > ? and key <= ? and until <= ?":                                   &t.removeRecord,
	} {
		if *statement, err = s.writer.prepare(text); err != nil {
			return err
		}
	}
	s.statements = &t
	s.sweeps = [2]sweep{
		{next: func(t *statements) *stmt { return t.nextSeen }, remove: func(t *statements) *stmt { return t.removeSeen }, key: []byte{}},
		{next: func(t *statements) *stmt { return t.nextRecord }, remove: func(t *statements) *stmt { return t.removeRecord }, key: []byte{}},
	}
	return nil
}

// queries are those of readers.
type queries struct {
	load, fresh, due, nextDue, dead, oldest *sql.Stmt
	all                                     []*sql.Stmt
}

func prepareQueries(db *sql.DB) (*queries, error) {
	const delivery = "id, key, name, media, body, received, attempts"
	var q queries
	for text, statement := range map[string]**sql.Stmt{
		"select data, version from record where key = ? and until > ?":                        &q.load,
		"select " + delivery + " from inbox where id > ? and due = 0 order by id limit ?":     &q.fresh,
		"select " + delivery + " from inbox where due > 0 and due <= ? order by due limit ?":  &q.due,
		"select coalesce(min(due), 9223372036854775807) from inbox where due > 0 and due > ?": &q.nextDue,
		"select min(received) from inbox where due >= 0":                                      &q.oldest,
		`select key, name, media, body, received, attempts, died, reason from inbox
			where due < 0 and key > ? order by key limit ?`: &q.dead,
	} {
		var err error
		if *statement, err = db.Prepare(text); err != nil {
			q.close()
			return nil, err
		}
		q.all = append(q.all, *statement)
	}
	return &q, nil
}

func (q *queries) close() error {
	var errs []error
	for _, s := range q.all {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
