package atnats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/sautigo/africastalking/webhook/inbox"
)

// WithMonitor sets the addresses of the monitoring endpoints (http_port) of the servers
// that keep the stream of a [Queue], such as "http://localhost:8222". Clients of a NATS
// server cannot see whether it syncs what it acknowledges to the disk; there [NewQueue]
// can. The default is none: then it assumes that no server does.
func WithMonitor(urls ...string) Option { return func(o *options) { o.monitors = urls } }

// WithLossAtPowerCut sets whether [NewQueue] accepts servers that may lose callbacks which
// were answered 200 when a machine loses power or its operating system crashes. That is
// the default of a NATS server, which syncs to the disk every two minutes, and replicas do
// not change it if all of them lose power. The default is false.
//
// It says nothing about what [Store] keeps.
func WithLossAtPowerCut(allowed bool) Option { return func(o *options) { o.lossy = allowed } }

var errLazy = errors.New(`its servers may lose what they acknowledged when the power is cut: configure "sync_interval: always" and WithMonitor, or allow it with WithLossAtPowerCut`)

// durability finds out how safe a stream is.
func (o *options) durability(ctx context.Context, js jetstream.JetStream, info *jetstream.StreamInfo) (inbox.Durability, error) {
	synced := map[string]bool{} // by server
	for _, u := range o.monitors {
		server, always, err := readSync(ctx, u)
		if err != nil {
			return 0, fmt.Errorf("reading from a monitoring endpoint: %w", err)
		}
		synced[server] = always
	}
	servers := []string{js.Conn().ConnectedServerName()}
	if c := info.Cluster; c != nil && c.Leader != "" {
		servers = []string{c.Leader}
		for _, r := range c.Replicas {
			servers = append(servers, r.Name)
		}
	}
	for _, server := range servers {
		if always, known := synced[server]; !always {
			switch {
			case o.lossy:
				return inbox.ProcessCrash, nil
			case known:
				return 0, fmt.Errorf("server %q syncs from time to time: %w", server, errLazy)
			case len(o.monitors) > 0:
				return 0, fmt.Errorf("no monitoring endpoint is that of server %q: %w", server, errLazy)
			}
			return 0, errLazy
		}
	}
	if info.Config.Replicas >= 3 {
		return inbox.Replicated, nil
	}
	return inbox.PowerCut, nil
}

// readSync returns a server's name and whether it syncs before it acknowledges.
func readSync(ctx context.Context, monitor string) (server string, always bool, err error) {
	u, err := url.JoinPath(monitor, "varz")
	if err != nil {
		return "", false, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return "", false, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", false, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", false, fmt.Errorf("status %d", resp.StatusCode)
	}
	var varz struct {
		Server    string `json:"server_name"`
		JetStream struct {
			Config struct {
				Always bool `json:"sync_always"`
			} `json:"config"`
		} `json:"jetstream"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&varz); err != nil {
		return "", false, err
	}
	return varz.Server, varz.JetStream.Config.Always, nil
}
