package zoo

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"
)

const day = 24 * time.Hour

// tlsDefects are the https receivers that a sender should not trust.
func tlsDefects() []Animal {
	// Nothing can be delivered to a receiver that the sender refuses to talk to.
	untrusted := func(name, defect string, f tlsFront) Animal {
		return Animal{Name: name, Defect: defect, Catches: ids("TLS-02"), Also: ids("SIG-01"), front: f.open}
	}
	return []Animal{
		{
			Name: "plain-http-beyond-loopback", Defect: "plain http on an address that is not loopback",
			Catches: ids("TLS-01"), anyHost: true,
		},
		untrusted("certificate-self-signed", "the certificate is signed by itself", tlsFront{selfSigned: true}),
		untrusted("certificate-expired", "the certificate expired yesterday", tlsFront{begins: -90 * day, ends: -day}),
		untrusted("certificate-not-yet-valid", "the certificate is valid from tomorrow", tlsFront{begins: day}),
		untrusted("certificate-for-other-host", "the certificate is for another host", tlsFront{host: "receiver.example"}),
		untrusted("certificate-chain-incomplete", "the intermediate certificate is not sent: browsers fetch it, senders do not", tlsFront{noChain: true}),
		{
			Name: "tls-1.1-at-best", Defect: "the newest version of TLS on offer is 1.1",
			Catches: ids("TLS-03"),
			Also:    ids("SIG-01"), // a careful sender does not get that far
			Advice:  ids("TLS-04", "RAW-08"),
			front:   tlsFront{oldest: tls.VersionTLS10, newest: tls.VersionTLS11}.open,
		},
		{
			Name: "tls-1.1-accepted", Defect: "a TLS 1.1 handshake succeeds",
			Catches: ids("TLS-04"),
			front:   tlsFront{oldest: tls.VersionTLS11}.open,
		},
		{
			Name: "tls-1.0-accepted", Defect: "TLS 1.0 and 1.1 handshakes succeed",
			Catches: ids("TLS-04"),
			front:   tlsFront{oldest: tls.VersionTLS10}.open,
		},
		{
			Name: "certificate-expires-in-five-days", Defect: "the certificate has five days left: its renewal is broken",
			Catches: ids("TLS-05"),
			front:   tlsFront{ends: 5 * day}.open,
		},
	}
}

// logDefects are the receivers whose log says too much, or too little.
func logDefects() []Animal {
	return []Animal{
		{
			Name: "log-holds-key", Defect: "the configuration is logged at the start, the key included",
			Log: true, Catches: ids("OBS-01"),
			breed: func(rc *receiver) { rc.log.Info("receiver starting", "claude_webhook_key", rc.keys[0]) },
		},
		{
			Name: "log-holds-signatures", Defect: "the headers of every request are logged, the signature included",
			Log: true, Catches: ids("OBS-01"),
			breed: func(rc *receiver) {
				rc.verify = func(d *delivery) *answer {
					rc.log.Info("request received", "headers", d.r.Header)
					return rc.verified(d)
				}
			},
		},
		{
			Name: "log-plain-text", Defect: "log lines are text, not JSON",
			Log: true, Catches: ids("OBS-02"),
			breed: func(rc *receiver) { rc.log = slog.New(slog.NewTextHandler(rc.logTo, nil)) },
		},
		{
			Name: "log-without-refusals", Defect: "what was refused is not logged, so an attack goes unnoticed",
			Log: true, Catches: ids("OBS-02"),
			breed: func(rc *receiver) { rc.log = slog.New(goodNews{rc.log.Handler()}) },
		},
	}
}

// goodNews drops warnings and errors.
type goodNews struct{ slog.Handler }

// Enabled is slog.Handler's.
func (h goodNews) Enabled(ctx context.Context, level slog.Level) bool {
	return level < slog.LevelWarn && h.Handler.Enabled(ctx, level)
}
