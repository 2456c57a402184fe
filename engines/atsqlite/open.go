package atsqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sautigo/africastalking/webhook/inbox"
)

const (
	// DefaultMaxDeliveries is how many deliveries a store holds unless [WithMaxDeliveries]
	// says otherwise: a million, which with callbacks of the usual size is half a gigabyte.
	DefaultMaxDeliveries = 1_000_000

	// DefaultLockWait is how long [Open] waits for another process unless [WithLockWait]
	// says otherwise: 30 seconds.
	DefaultLockWait = 30 * time.Second

	// busyWait is how long a statement waits for another program, such as the sqlite3
	// shell, that writes to the file.
	busyWait = 5 * time.Second
)

// Option changes how a [Store] works.
type Option func(*config)

type config struct {
	maxDeliveries int
	lockWait      time.Duration
	// The tests have others.
	synchronous string
	busyWait    time.Duration
	maxPages    int
}

// WithMaxDeliveries sets how many deliveries the store holds at most, dead letters
// included and those that are done not. Then Put returns [inbox.ErrFull]. The default is
// [DefaultMaxDeliveries]. It panics unless n is positive.
func WithMaxDeliveries(n int) Option {
	if n <= 0 {
		panic("atsqlite: WithMaxDeliveries: the number is not positive")
	}
	return func(c *config) { c.maxDeliveries = n }
}

// WithLockWait sets how long [Open] waits while another process has the file open. The
// default is [DefaultLockWait]; 0 does not wait.
func WithLockWait(d time.Duration) Option {
	return func(c *config) { c.lockWait = max(d, 0) }
}

// ErrInUse is wrapped by the error of [Open] when another process, or another [Store] of
// this one, has had the file open for as long as [WithLockWait] says.
var ErrInUse = errors.New("file is in use by another process")

// Open opens a file, or makes it, and sets its mode to 0600; its folder must be there.
// Path is a plain name, not a URI. Close the store when it is not used any more.
//
// It returns an error if the file cannot be written to, or was made by another program or
// by a later version of this one.
func Open(path string, opts ...Option) (*Store, error) {
	c := config{maxDeliveries: DefaultMaxDeliveries, lockWait: DefaultLockWait, synchronous: "full", busyWait: busyWait, maxPages: checkpointPages}
	for _, o := range opts {
		o(&c)
	}
	s, err := open(path, c)
	if err != nil {
		return nil, fmt.Errorf("atsqlite: opening %s: %w", path, err)
	}
	return s, nil
}

func open(path string, c config) (_ *Store, err error) {
	switch {
	case path == "":
		return nil, errors.New("it has no name")
	case path == ":memory:", strings.HasPrefix(path, "file:"):
		return nil, errors.New("it is no name of a file; for a queue in memory there is inbox.Memory")
	}
	if path, err = resolve(path); err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, errors.New("it is a folder")
	}
	s := &Store{limit: c.maxDeliveries, maxPages: c.maxPages, failed: make(chan struct{}), idle: make(chan struct{}, 1), wake: make(chan struct{}, 1)}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if s.lock, err = lock(path+"-lock", c.lockWait); err != nil {
		return nil, err
	}
	// To close the file drops the locks that this process has on it, so nothing may have
	// it open yet.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, reason(err)
	}
	// One that another program has made may be for all to read, and SQLite makes the files
	// beside it alike.
	if err := errors.Join(f.Chmod(0o600), f.Close()); err != nil {
		return nil, reason(err)
	}
	if s.writer, err = connect(path, c.busyWait, nil); err != nil {
		return nil, err
	}
	if err := s.prepareFile(c); err != nil {
		return nil, err
	}
	if err := s.prepareStatements(); err != nil {
		return nil, err
	}
	connector, err := sqlite.NewConnector(dsn(path, c.busyWait, url.Values{"_pragma": {"query_only(1)"}}))
	if err != nil {
		return nil, err
	}
	s.readers = sql.OpenDB(connector)
	s.readers.SetMaxOpenConns(4)
	s.readers.SetMaxIdleConns(4)
	if s.queries, err = prepareQueries(s.readers); err != nil {
		return nil, err
	}
	s.durability = inbox.PowerCut
	if c.synchronous != "full" || inMemory(path) {
		s.durability = inbox.ProcessCrash
	}
	return s, nil
}

// resolve returns the only name that a file has here, so that its lock has only one too.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(path); err == nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return "", reason(err)
		}
		return path, nil
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	return path, nil
}

// reason returns what an error of package os says, without the path that Open names.
func reason(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func dsn(path string, busy time.Duration, query url.Values) string {
	if query == nil {
		query = url.Values{}
	}
	query.Set("_busy_timeout", fmt.Sprint(busy.Milliseconds()))
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // a drive of Windows
	}
	return (&url.URL{Scheme: "file", Path: name, RawQuery: query.Encode()}).String()
}

// connect opens a connection without package sql, which costs more than it is worth to a
// single goroutine.
func connect(path string, busy time.Duration, query url.Values) (*conn, error) {
	connector, err := sqlite.NewConnector(dsn(path, busy, query))
	if err != nil {
		return nil, err
	}
	c, err := connector.Connect(context.Background())
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c}, nil
}

// lock locks a file of its own for as long as it is open, by a transaction of SQLite, which
// works alike on all systems. The kernel drops the lock of a process that dies.
func lock(path string, wait time.Duration) (*conn, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		err = f.Close()
	case errors.Is(err, fs.ErrExist): // and it must not be opened: see above
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("making the file that locks it: %w", reason(err))
	}
	// Without a journal in memory there would be one beside the file.
	c, err := connect(path, wait, url.Values{"_pragma": {"journal_mode(memory)"}})
	if err == nil {
		if err = c.exec("begin exclusive"); err != nil {
			c.Close()
		}
	}
	if code(err)&0xff == sqlite3.SQLITE_BUSY {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, fmt.Errorf("locking it: %w", err)
	}
	return c, nil
}

const (
	applicationID = 0x41744462 // "AtDb"
	schemaVersion = 1
)

// schema, version 1. All times are those of the clock, in milliseconds, but received and
// died, which are shown to people.
//
// To insert in the order of id costs little; to insert in seen costs most, since each key
// is somewhere else: hence hashes of 16 bytes, and no other index that a delivery is put
// into when all goes well.
const schema = `
create table inbox (
	id       integer primary key,
	due      integer not null,            -- 0: new, -1: dead, otherwise when it is tried again
	attempts integer not null default 0,  -- that were made
	received integer not null,
	key      text not null,
	name     text not null,
	media    text not null,
	body     blob not null,
	died     integer,
	reason   text
);
create index inbox_due on inbox (due) where due > 0;
create index inbox_dead on inbox (key) where due < 0;

create table seen (
	key   blob primary key,  -- a hash of the key
	until integer not null,  -- a repeat is a duplicate until then, and as long as
	id    integer not null   -- the delivery is in the inbox
) without rowid;

create table record (
	key     blob primary key,
	version integer not null,
	until   integer not null,
	data    blob not null
) without rowid;

create table clock (now integer not null);
insert into clock values (0);
`

// prepareFile checks that the file is one of a store, or makes it one.
func (s *Store) prepareFile(c config) error {
	var tables, application, version int64
	for query, value := range map[string]*int64{
		"select count(*) from sqlite_schema": &tables,
		"pragma application_id":              &application,
		"pragma user_version":                &version,
	} {
		if err := s.writer.get(query, value); err != nil {
			if code(err)&0xff == sqlite3.SQLITE_NOTADB {
				return errors.New("it is no SQLite database")
			}
			return err
		}
	}
	fresh := tables == 0 && application == 0 && version == 0
	switch {
	case !fresh && application != applicationID:
		return errors.New("it is a database of another program")
	case version > schemaVersion:
		return fmt.Errorf("it was made by a later version: its schema is %d, and this program knows %d", version, schemaVersion)
	}

	var mode string
	if err := s.writer.get("pragma journal_mode = wal", &mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("SQLite cannot write ahead here: its journal mode is %q", mode)
	}
	for _, pragma := range []string{
		"synchronous = " + c.synchronous,
		"fullfsync = on",
		"checkpoint_fullfsync = on",
		"secure_delete = on",
		"wal_autocheckpoint = 0", // the writer does it, and sees whether it fails
		"cache_size = -16000",
		"temp_store = memory",
	} {
		if err := s.writer.exec("pragma " + pragma); err != nil {
			return err
		}
	}
	var synchronous int64
	if err := s.writer.get("pragma synchronous", &synchronous); err != nil {
		return err
	}
	if c.synchronous == "full" && synchronous != 2 {
		return fmt.Errorf("SQLite does not sync what it commits: synchronous is %d", synchronous)
	}
	if fresh {
		for _, statement := range []string{
			"begin immediate",
			schema,
			fmt.Sprintf("pragma application_id = %d", applicationID),
			fmt.Sprintf("pragma user_version = %d", schemaVersion),
			"commit",
		} {
			if err := s.writer.exec(statement); err != nil {
				return err
			}
		}
	}
	// What a process that died has left in the log.
	if err := s.writer.exec("pragma wal_checkpoint(truncate)"); err != nil {
		return err
	}

	var now int64
	for query, value := range map[string]*int64{
		"select now from clock":                                                   &now,
		"select coalesce(max(id), 0) from inbox":                                  &s.lastID,
		"select count(*) from inbox":                                              &s.held,
		"select count(*) from inbox where due < 0":                                &s.dead,
		"select coalesce(min(due), 9223372036854775807) from inbox where due > 0": &s.nextDue,
	} {
		if err := s.writer.get(query, value); err != nil {
			return err
		}
	}
	s.clock = startClock(now)
	return nil
}

// conn is a connection for one goroutine at a time.
type conn struct {
	driver.Conn
	args       []driver.NamedValue
	statements []driver.Stmt
}

// Close closes the statements too: SQLite keeps the file open as long as there are any.
func (c *conn) Close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	c.statements = nil
	return errors.Join(append(errs, c.Conn.Close())...)
}

func (c *conn) exec(statement string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), statement, nil)
	return err
}

func (c *conn) prepare(statement string) (*stmt, error) {
	s, err := c.Conn.Prepare(statement)
	if err != nil {
		return nil, err
	}
	c.statements = append(c.statements, s)
	return &stmt{conn: c, exec: s.(driver.StmtExecContext), query: s.(driver.StmtQueryContext)}, nil
}

// get runs a query and reads the row that it returns, an integer or a text.
func (c *conn) get(query string, value any) error {
	s, err := c.Conn.Prepare(query)
	if err != nil {
		return err
	}
	defer s.Close()
	row, found, err := first(s.(driver.StmtQueryContext), nil)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("no row for %q", query)
	}
	switch value := value.(type) {
	case *int64:
		*value, found = row[0].(int64)
	case *string:
		*value, found = row[0].(string)
	}
	if !found {
		return fmt.Errorf("%q returns %T", query, row[0])
	}
	return nil
}

// stmt is a statement that was prepared.
type stmt struct {
	conn  *conn
	exec  driver.StmtExecContext
	query driver.StmtQueryContext
}

func (s *stmt) named(values []driver.Value) []driver.NamedValue {
	args := s.conn.args[:0]
	for i, v := range values {
		args = append(args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	s.conn.args = args
	return args
}

// run returns how many rows were changed.
func (s *stmt) run(values ...driver.Value) (int64, error) {
	r, err := s.exec.ExecContext(context.Background(), s.named(values))
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// first returns the first row of a query, if it has any.
func (s *stmt) first(values ...driver.Value) (row []driver.Value, found bool, err error) {
	return first(s.query, s.named(values))
}

func first(s driver.StmtQueryContext, args []driver.NamedValue) (row []driver.Value, found bool, err error) {
	rows, err := s.QueryContext(context.Background(), args)
	if err != nil {
		return nil, false, err
	}
	row = make([]driver.Value, len(rows.Columns()))
	err = rows.Next(row)
	found = err == nil
	if err == io.EOF {
		err = nil
	}
	return row, found, errors.Join(err, rows.Close())
}

// code returns the code of an error of SQLite, 0 for another error.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code()
	}
	return 0
}
