package atriver

import (
	"testing"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// No machine has servers of all kinds, so what a server says is made up here.
func TestServer(t *testing.T) {
	t.Parallel()
	good := server{version: 150004, fsync: true, fullPages: true, commit: "on", migrated: 7, migratable: 7, index: true}
	with := func(change func(*server)) server {
		s := good
		change(&s)
		return s
	}
	for name, test := range map[string]struct {
		server server
		err    string
		want   inbox.Durability
	}{
		"good":                        {good, "", inbox.PowerCut},
		"old":                         {with(func(s *server) { s.version = 130022 }), "the server is Postgres 13, and must be 14 or later", inbox.PowerCut},
		"oldest":                      {with(func(s *server) { s.version = 140000 }), "", inbox.PowerCut},
		"replica":                     {with(func(s *server) { s.replica, s.readOnly = true, true }), "the server is a read-only replica: connect to the primary, as with target_session_attrs=read-write in the URL", inbox.PowerCut},
		"read-only":                   {with(func(s *server) { s.readOnly = true }), "the database is read-only (default_transaction_read_only)", inbox.PowerCut},
		"not migrated":                {with(func(s *server) { s.migrated, s.index = 0, false }), "it has no tables: call Migrate", inbox.PowerCut},
		"migrated by an old program":  {with(func(s *server) { s.migrated = 6 }), "its tables are those of River's migration 6, and this program needs 7: call Migrate", inbox.PowerCut},
		"migrated by a new program":   {with(func(s *server) { s.migrated = 8 }), "its tables are those of River's migration 8, and this program knows 7: it needs a later version of River", inbox.PowerCut},
		"migrated by another":         {with(func(s *server) { s.index = false }), "it has no index at_dead_letters, so it was made by another program: call Migrate", inbox.PowerCut},
		"no fsync":                    {with(func(s *server) { s.fsync = false }), "", inbox.ProcessCrash},
		"torn pages":                  {with(func(s *server) { s.fullPages = false }), "", inbox.ProcessCrash},
		"asynchronous":                {with(func(s *server) { s.commit = "off" }), "", inbox.ProcessCrash},
		"asynchronous with standbys":  {with(func(s *server) { s.commit, s.standbys = "off", true }), "", inbox.ProcessCrash},
		"standbys":                    {with(func(s *server) { s.standbys = true }), "", inbox.Replicated},
		"standbys apply":              {with(func(s *server) { s.commit, s.standbys = "remote_apply", true }), "", inbox.Replicated},
		"standbys do not sync":        {with(func(s *server) { s.commit, s.standbys = "remote_write", true }), "", inbox.PowerCut},
		"standbys are not waited for": {with(func(s *server) { s.commit, s.standbys = "local", true }), "", inbox.PowerCut},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ""
			if err := test.server.check("at_inbox"); err != nil {
				got = err.Error()
			}
			if got != test.err {
				t.Errorf("error: got %q, want %q", got, test.err)
			}
			if got := test.server.durability(); got != test.want {
				t.Errorf("durability: got %v, want %v", got, test.want)
			}
		})
	}
}
