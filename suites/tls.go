package suites

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	"hookdrill/internal/record"
	"hookdrill/reports"
)

// minimumDays is how long a certificate should be valid yet.
const minimumDays = 14

// inspectTarget decides the TLS requirement with the given id for the target.
func (r *Runner) inspectTarget(ctx context.Context, id string) record.Decision {
	target := r.cfg.Target
	if target.Scheme != "https" {
		return r.plain(id)
	}
	switch id {
	case "TLS-01":
		return decision(reports.Pass, "https", "https", "")
	case "TLS-02":
		return r.chain(ctx)
	case "TLS-03":
		state, err := handshake(ctx, target, anyChain(target.Hostname(), tls.VersionTLS10, tls.VersionTLS13))
		if err != nil {
			return decision(reports.Fail, "TLS 1.2 or 1.3", err.Error(), "no handshake succeeded")
		}
		if state.Version < tls.VersionTLS12 {
			return decision(reports.Fail, "TLS 1.2 or 1.3", tls.VersionName(state.Version), "the sender refuses anything below TLS 1.2")
		}
		return decision(reports.Pass, "TLS 1.2 or 1.3", tls.VersionName(state.Version), "")
	case "TLS-04":
		return r.oldVersions(ctx)
	}
	return r.daysLeft(ctx)
}

func (r *Runner) plain(id string) record.Decision {
	host := r.cfg.Target.Hostname()
	if ip := net.ParseIP(host); host == "localhost" || (ip != nil && ip.IsLoopback()) {
		return decision(reports.NotApplicable, "https", "http on loopback", "a loopback target may be plain http; the sender itself delivers to https only")
	}
	if id == "TLS-01" {
		return decision(reports.Fail, "https", "http", "the sender delivers to https only; whoever sits on the way reads and changes events")
	}
	return decision(reports.NotApplicable, "https", "http", "there is no TLS to look at (see TLS-01)")
}

func (r *Runner) chain(ctx context.Context) record.Decision {
	const want = "a chain to a trusted root, for this host name, in date"
	_, err := handshake(ctx, r.cfg.Target, &tls.Config{ServerName: r.cfg.Target.Hostname(), RootCAs: r.cfg.Roots, MinVersion: tls.VersionTLS12})
	if err == nil {
		return decision(reports.Pass, want, "verified", "")
	}
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var version *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return decision(reports.Fail, want, err.Error(), "the certificate is self-signed, or its chain is incomplete or ends in a root that nobody trusts")
	case errors.As(err, &host):
		return decision(reports.Fail, want, err.Error(), "the certificate is for another host name")
	case errors.As(err, &invalid), errors.As(err, &version):
		return decision(reports.Fail, want, err.Error(), "the certificate is not valid")
	}
	state, loose := handshake(ctx, r.cfg.Target, anyChain(r.cfg.Target.Hostname(), tls.VersionTLS10, tls.VersionTLS11))
	if loose == nil {
		return decision(reports.NotExercised, want, err.Error(), "the target speaks only "+tls.VersionName(state.Version)+" (see TLS-03)")
	}
	return decision(reports.Fail, want, err.Error(), "the handshake failed")
}

func (r *Runner) oldVersions(ctx context.Context) record.Decision {
	const want = "TLS 1.0 and 1.1 refused"
	for _, v := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		if _, err := handshake(ctx, r.cfg.Target, anyChain(r.cfg.Target.Hostname(), v, v)); err == nil {
			return decision(reports.Fail, want, tls.VersionName(v)+" accepted", "these versions are broken and should be switched off")
		}
	}
	if _, err := handshake(ctx, r.cfg.Target, anyChain(r.cfg.Target.Hostname(), tls.VersionTLS12, tls.VersionTLS13)); err != nil {
		return decision(reports.NotExercised, want, err.Error(), "no handshake succeeded at all, so a refusal proves nothing")
	}
	return decision(reports.Pass, want, "both refused", "")
}

func (r *Runner) daysLeft(ctx context.Context) record.Decision {
	want := fmt.Sprintf("%d days or more", minimumDays)
	state, err := handshake(ctx, r.cfg.Target, anyChain(r.cfg.Target.Hostname(), tls.VersionTLS10, tls.VersionTLS13))
	if err != nil || len(state.PeerCertificates) == 0 {
		return decision(reports.NotExercised, want, fmt.Sprint(err), "no certificate was seen")
	}
	left := state.PeerCertificates[0].NotAfter.Sub(r.cfg.Now())
	if left <= 0 {
		return decision(reports.NotExercised, want, "expired", "the certificate has expired already (see TLS-02)")
	}
	days := int(left / (24 * time.Hour))
	if left < minimumDays*24*time.Hour {
		return decision(reports.Fail, want, fmt.Sprintf("%d days", days), "deliveries stop on the day the certificate expires")
	}
	return decision(reports.Pass, want, fmt.Sprintf("%d days", days), "")
}

// anyChain accepts every certificate: what it is worth is another check's
// question.
func anyChain(host string, lowest, highest uint16) *tls.Config {
	return &tls.Config{ServerName: host, InsecureSkipVerify: true, MinVersion: lowest, MaxVersion: highest} //nolint:gosec // old versions and bad chains are what is looked for
}

func decision(status reports.Status, expected, actual, why string) record.Decision {
	return record.Decision{Status: string(status), Expected: expected, Actual: actual, Why: why}
}
