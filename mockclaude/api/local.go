package api

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
)

// resolve bounds how long a name may take to resolve.
const resolve = 2 * time.Second

// LocalOnly returns what lets webhooks go to this machine and to private
// addresses, and to the hosts named, which the user operates. A name must
// resolve to such addresses only.
func LocalOnly(operated []string) func(ctx context.Context, u *url.URL) error {
	return func(ctx context.Context, u *url.URL) error {
		host := u.Hostname()
		if slices.ContainsFunc(operated, func(o string) bool { return strings.EqualFold(o, host) }) {
			return nil
		}
		if ip, err := netip.ParseAddr(host); err == nil {
			return local(host, []netip.Addr{ip})
		}
		ctx, cancel := context.WithTimeout(ctx, resolve)
		defer cancel()
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return fmt.Errorf("%.200s does not resolve, so that nobody knows whether it is private; --i-operate %.200s allows it", host, host)
		}
		return local(host, ips)
	}
}

func local(host string, ips []netip.Addr) error {
	for _, ip := range ips {
		ip = ip.Unmap()
		if !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast() {
			return fmt.Errorf("%.200s is not a loopback or private address; --i-operate %.200s allows it", host, host)
		}
	}
	return nil
}
