package plan

import (
	"net/url"
	"strings"
	"testing"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// sender is one whose target is not there: it makes requests, and sends none.
func sender(t *testing.T, c *contract.Contract) *mockclaude.Sender {
	t.Helper()
	s, err := mockclaude.NewSender(mockclaude.SenderConfig{
		Target: &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/"}, Contract: c,
		Keys: mockclaude.Keys{
			Current:  []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
			Previous: []byte("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// TestEveryContractHasAPlan: a plan for each built-in contract, in which every requirement is
// checked or says why not, and every delivery can be made.
func TestEveryContractHasAPlan(t *testing.T) {
	t.Parallel()
	for _, name := range contract.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := under(t, name)
			c := p.Contract
			for _, r := range p.Checks {
				cases := 0
				for _, one := range p.Cases {
					if one.Requirement == r.ID {
						cases++
					}
				}
				if reasoned := r.NotApplicable != "" || r.Unchecked != "" || r.Need == contract.NeedManaged; (cases > 0) == reasoned {
					t.Errorf("%s has %d cases, and the reason %q%s", r.ID, cases, r.NotApplicable, r.Unchecked)
				}
			}
			s := sender(t, c)
			for _, one := range p.Cases {
				made := 0
				for _, d := range one.Deliveries() {
					if made++; made > 3 || strings.Contains(d.Body, "{{repeat:33") {
						continue // more of the same
					}
					if e := s.Send(t.Context(), d.Delivery); e.Err == mockclaude.ErrHarness {
						t.Errorf("%s: %s", one.ID, e.ErrText)
					}
				}
			}
		})
	}
}
