// Package atredis keeps the records of USSD sessions in Redis, for services that
// run on several machines: its [Store] is a [state.Store].
//
//	client := redis.NewUniversalClient(&redis.UniversalOptions{
//		Addrs:                 []string{"localhost:6379"},
//		ContextTimeoutEnabled: true, // or a hop's deadline does not end a command
//	})
//	store := atredis.New(client)
//	http.Handle("/ussd", ussd.Handler(ussd.Stateful(store, serve)))
//
// It works with one Redis server, with a Sentinel failover and with Redis Cluster. It
// is tested with Redis 7.0 and uses the commands EVAL, EVALSHA, GET, GETRANGE, SET and
// DEL, each with one key. Without a server, a client with the default options gives up
// on a command after about two seconds.
//
// # How records are stored
//
// A record is a string under the prefix and the key: 8 bytes with the version, and
// then the data. A Save is a Lua script, which compares the version and sets the
// record with its time to live at once; a Delete is another. A script touches a
// single key, so records of any keys may lie on any nodes of a cluster. Times to
// live are counted by the server, in milliseconds, rounded up.
//
// A version is a random number, made by the client. A counter would have to lie on
// the same cluster node as the records, and a failover that loses the counter's last
// steps would give versions a second time; a random one does not come back after a
// record was deleted, has expired or was lost (but for one chance in 2^64 for each
// pair), and it needs no clock. It also tells a Save from others: go-redis sends a
// command again when the connection broke before the answer came, and a Save that
// finds its own version in place has succeeded.
//
// # What is not guaranteed
//
//   - A record lasts as Redis lasts. With the default configuration a crash loses
//     the last seconds ("appendonly yes" and "appendfsync always" lose nothing on
//     one machine), and a failover loses what was not replicated yet. A record that
//     is lost takes with it what [state.Once] knew.
//   - Redis that runs out of memory must refuse writes rather than drop records:
//     "maxmemory-policy noeviction", which is its default.
//   - An error that does not wrap [state.ErrVersion] leaves open whether the record
//     was saved or deleted: the connection may have broken before the answer came.
//   - A Delete that go-redis sent twice, because the answer to the first was lost,
//     returns an error that wraps [state.ErrVersion] although the record was deleted
//     by it.
//   - A Load from a client that reads from replicas (a cluster client with ReadOnly,
//     RouteByLatency or RouteRandomly) goes to the master all the same. A client
//     that hides its replicas, such as one behind a proxy, may return old records;
//     a Save over an old one is refused.
//
// The data is stored as it is. Treat the server as private.
package atredis
