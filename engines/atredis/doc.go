// Package atredis keeps records in Redis, for services that run on several machines:
// its [Store] is a [state.Store].
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{
//		Addrs:                 []string{"localhost:6379"},
//		ContextTimeoutEnabled: true, // or a callback's deadline does not end a command
//	})
//	store, err := atredis.New(ctx, client)
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It works with one Redis server, with a Sentinel failover and with Redis Cluster, not
// with a Ring. It is tested with Redis 7.0. It uses the commands EVAL, EVALSHA, GET,
// GETRANGE, SET and DEL, each with one key, and [New] uses CONFIG GET or INFO. When
// the server is gone, a client with the default options gives up on a command after
// about two seconds.
//
// # The server
//
// Redis must refuse writes when memory runs out, rather than drop records
// ("maxmemory-policy noeviction", its default): [New] refuses a server that is
// configured otherwise. And a record lasts as Redis lasts. With the default
// configuration a crash loses the last seconds; "appendonly yes" and "appendfsync
// always" lose nothing on one machine. A failover loses what was not replicated yet.
// With a record goes what [state.Once] knew.
//
// # How records are stored
//
// A record is a string under the prefix and the key: 8 bytes with the version, and
// then the data. A Save is a Lua script, which compares the version and sets the
// record with its time to live in one step; a Delete is another. A script touches a
// single key, so records of any keys may lie on any nodes of a cluster. The server
// counts times to live in milliseconds, rounded up.
//
// A version is a random number that the client makes. A counter would have to lie on
// the same cluster node as the records, and a failover that loses the counter's last
// steps would give versions a second time. A random version does not come back after
// a record was deleted, has expired or was lost (but for one chance in 2^64 for each
// pair), and needs no clock. It also tells a Save from others: go-redis sends a
// command again when the connection broke before the answer came, and a Save that
// finds its own version in place has succeeded.
//
// # What is not guaranteed
//
//   - New looks at the configuration once. It does not see a policy that is changed
//     later, or that of a replica which takes over.
//   - An error that does not wrap [state.ErrVersion] leaves open whether the record
//     was saved or deleted: the connection may have broken before the answer came.
//   - If the answer to a Delete is lost, go-redis sends it again, and the second one
//     returns an error that wraps [state.ErrVersion] although the first has deleted
//     the record.
//   - A Load from a client that reads from replicas (a cluster client with ReadOnly,
//     RouteByLatency or RouteRandomly) goes to the master all the same. A client
//     that hides its replicas, such as one behind a proxy, may return old records;
//     the store refuses a Save over an old one.
//
// # How it was tried
//
// An app was killed 60 times in the middle of a payment with ThenOnce and started again,
// on a busy machine: 46 payments were begun and 35 made, none twice, and all deliveries of
// a hop were answered the same. The command is
//
//	go test -run 'TestKill$' -kills 60 -v
//
// The data is stored as it is. Treat the server as private.
package atredis
