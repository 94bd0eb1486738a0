package faultproxy

import (
	"context"
	"errors"
	"fmt"
	"io"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Line is a proxy in front of a receiver: the way from the sender to it. Faults are for the
// connections that are made after they are set, and for those that are open. Its methods are for one
// goroutine.
type Line struct{ proxy *toxiproxy.Proxy }

// NewLine starts a proxy in front of a receiver at host:port.
func NewLine(target string) (*Line, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // the bandwidth toxic writes to stderr by itself
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.New(io.Discard))
	toxics.Register(silent, new(silence))
	l := &Line{toxiproxy.NewProxy(server, "line", "127.0.0.1:0", target)}
	if err := l.proxy.Start(); err != nil {
		return nil, fmt.Errorf("start fault proxy: %w", err)
	}
	return l, nil
}

// Address is where the sender finds it, as host:port.
func (l *Line) Address() string { return l.proxy.Listen }

// Reset resets a connection when its answer begins: the receiver has answered, and the sender
// does not hear what.
func (l *Line) Reset() error {
	return toxic(l.proxy, "reset_peer", "downstream", map[string]any{"timeout": 0})
}

// Cut closes a connection after so many bytes of what the receiver says.
func (l *Line) Cut(after int) error {
	return toxic(l.proxy, "limit_data", "downstream", map[string]any{"bytes": after})
}

// Silence lets nothing through any more, not even that the sender has hung up.
func (l *Line) Silence() error {
	return errors.Join(toxic(l.proxy, silent, "upstream", nil), toxic(l.proxy, silent, "downstream", nil))
}

// Narrow lets so many KiB a second through, in both directions, on each connection.
func (l *Line) Narrow(rate int) error {
	return errors.Join(toxic(l.proxy, "bandwidth", "upstream", map[string]any{"rate": rate}), toxic(l.proxy, "bandwidth", "downstream", map[string]any{"rate": rate}))
}

// Heal ends every fault. Connections that were silent are closed.
func (l *Line) Heal(ctx context.Context) { l.proxy.Toxics.ResetToxics(ctx) }

// Close ends the proxy.
func (l *Line) Close(ctx context.Context) {
	l.Heal(context.WithoutCancel(ctx)) // a silence waits for that
	l.proxy.Stop()
}

// silent is the name of silence.
const silent = "silence"

// silence is a toxic that swallows everything, the end of the data included. Toxiproxy's own timeout
// closes the other side when one side has closed, as no line does that is dead.
type silence struct{}

// Pipe reads until the toxic is taken out.
func (*silence) Pipe(stub *toxics.ToxicStub) {
	for {
		select {
		case <-stub.Interrupt:
			return
		case c := <-stub.Input:
			if c == nil {
				<-stub.Interrupt
				return
			}
		}
	}
}

// Cleanup closes the connections, which nobody believes in any more.
func (*silence) Cleanup(stub *toxics.ToxicStub) { stub.Close() }
