package preflight

import (
	"fmt"
	"net/url"
	"strings"

	"hookdrill/mockclaude"
	"hookdrill/reports"
)

// unreachable says why no complete answer came.
func unreachable(target *url.URL, e mockclaude.Exchange) *reports.Preflight {
	host := target.Host
	p := &reports.Preflight{Kind: string(e.Err)}
	switch e.Err {
	case mockclaude.ErrDNS:
		p.Problem = fmt.Sprintf("The name %s does not resolve.", target.Hostname())
		p.Cause = "A mistyped host, or a name that exists only in another network."
		p.Mend = "Check the host in --target, or run hookdrill where the name resolves."
	case mockclaude.ErrRefused:
		p.Problem = fmt.Sprintf("Nothing listens at %s: the connection was refused.", host)
		p.Cause = "The receiver is not running, listens on another port, or on another address than this one."
		p.Mend = "Start the receiver, and compare its address and port with --target."
	case mockclaude.ErrDial:
		p.Problem = fmt.Sprintf("No connection to %s: %s.", host, e.ErrText)
		p.Cause = "A firewall or a missing route between here and there."
		p.Mend = "Try the same address with another program from this machine."
	case mockclaude.ErrTLS:
		p.Problem = fmt.Sprintf("TLS with %s failed: %s.", host, e.ErrText)
		p.Cause = "The port speaks plain http, or no TLS version that is still in use."
		p.Mend = "Try http:// if that is what the receiver speaks; otherwise look at its certificate and TLS settings."
	case mockclaude.ErrTimeout:
		p.Problem = shown(target) + " did not give a complete answer in time (--timeout)."
		p.Cause = "A firewall that drops packets, a receiver that does its work before it answers, or one that waits for something that does not come."
		if e.Status != 0 {
			p.Cause = fmt.Sprintf("It began an answer (%d) and did not end it.", e.Status)
		}
		p.Mend = "Look at what the receiver was doing; a sender waits no longer than this."
	case mockclaude.ErrClosed:
		p.Problem = host + " closed the connection without an answer."
		p.Cause = "The handler crashed, the port speaks another protocol (https on an http URL?), or a proxy resets connections."
		p.Mend = "Look at the receiver's log for this moment; try https:// if it speaks TLS."
	case mockclaude.ErrTruncated:
		p.Problem = fmt.Sprintf("%s began an answer (%d) that broke off.", shown(target), e.Status)
		p.Cause = "The handler crashed while answering, or its Content-Length is wrong."
		p.Mend = "Look at the receiver's log for this moment."
	case mockclaude.ErrProtocol:
		p.Kind = "no_http"
		p.Problem = fmt.Sprintf("What answers at %s does not speak HTTP.", host)
		p.Cause = "The port belongs to another service, or speaks TLS."
		p.Mend = "Check the port, and whether the URL should begin with https."
		if strings.HasPrefix(e.Response, "HTTP/") {
			p.Problem = fmt.Sprintf("The answer from %s is not correct HTTP: %s.", host, reports.Clean(e.ErrText))
			p.Cause = "The answer is written by hand, or spoiled by something in between."
			p.Mend = "Correct the answer; it is shown below."
		}
	case mockclaude.ErrTooLarge:
		p.Problem = fmt.Sprintf("%s answered with a header that does not end: %s.", shown(target), reports.Clean(e.ErrText))
		p.Cause = "Something in the receiver, or in front of it, adds headers without end."
		p.Mend = "Look at the answer below; a sender reads no more than this of a header."
	case mockclaude.ErrCanceled:
		p.Problem = "The run was stopped before the first answer."
		p.Cause = "It was interrupted."
		p.Mend = "Run it again."
	default:
		p.Problem = fmt.Sprintf("The first valid event could not be delivered to %s: %s.", shown(target), e.ErrText)
		p.Cause = "See the exchange below."
		p.Mend = "Correct the target and run again."
	}
	return p
}
