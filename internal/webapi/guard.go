package webapi

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
)

// Guard refuses what a page of another site makes a browser send: requests from
// another origin, and those under a name that is not the listener's own, which
// a name server of the attacker's may have led here. addr is the address that
// the listener is bound to; one that is not on loopback may be reached under any
// name. It turns a panic into a problem, and the log.
func Guard(addr net.Addr, logger *slog.Logger, next http.Handler) http.Handler {
	local := false
	if tcp, ok := addr.(*net.TCPAddr); ok {
		local = tcp.IP.IsLoopback()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if p == http.ErrAbortHandler { //nolint:errorlint // the very value is panicked with
				panic(p)
			}
			logger.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
			Problem(w, http.StatusInternalServerError, "Internal error", "a defect of hookdrill; its log says more")
		}()
		switch {
		case local && !loopback(r.Host):
			Problem(w, http.StatusForbidden, "Forbidden", "the Host header names another host than localhost")
		case foreign(r):
			Problem(w, http.StatusForbidden, "Forbidden", "the request comes from a page of another site")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// loopback is true for a Host header that can only mean this machine.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// foreign is true for a request that a browser says comes from another site.
func foreign(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}
