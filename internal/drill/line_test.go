package drill

import (
	"net/url"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/mockclaude"
)

// TestASlowLineLeavesTheReceiverTime: the sender's time limit is no longer than what a body
// takes on its way under some contracts, and the receiver is not to blame for the line.
func TestASlowLineLeavesTheReceiverTime(t *testing.T) {
	t.Parallel()
	for name, limit := range map[string]time.Duration{
		"claude": 0, "slack": 0, "shopify": 0, "openai": 0, "stripe": 0, "claude-managed-agents": 0, "standard-webhooks": time.Second, "github": 20 * time.Millisecond,
	} {
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		sender, err := mockclaude.NewSender(mockclaude.SenderConfig{
			Target: &url.URL{Scheme: "http", Host: "127.0.0.1:9"}, Contract: c, Timeout: limit,
			Keys: mockclaude.Keys{Current: []byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer sender.Close()
		drawn := New(Config{Contract: c, Sender: sender, Now: time.Now}).trial("DUR-10", time.Now())
		events, err := drawn.draw(few)
		if err != nil {
			t.Fatal(err)
		}
		rate, longest := drawn.slowly(events)
		half := float64(sender.Timeout()) / float64(time.Second) / 2
		for _, e := range events {
			if n := len(e.Body); n > longest || float64(n+headers) > half*float64(rate<<10)+1 {
				t.Errorf("%s: %d bytes at %d KiB a second, within %.2f s; the longest is said to have %d", name, n, rate, half, longest)
			}
		}
		if limit == 0 && rate != narrow {
			t.Errorf("%s: %d KiB a second are no bad line", name, rate)
		}
		if name == "claude" && longest < padding {
			t.Errorf("%s: %d bytes are too short", name, longest)
		}
	}
}
