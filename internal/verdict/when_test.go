package verdict

import (
	"testing"
	"time"
)

// TestExchangesSayWhen: the evidence tells when each request was sent.
func TestExchangesSayWhen(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 2, 14, 9, 30, 0, 0, time.UTC)
	control, forged := answer(200), answer(200)
	control.Start, forged.Start = first, first.Add(7*time.Millisecond)
	got := Check(newBench("SIG-03", "wire", "").twin(control).sent(kase, "a", refused, never, forged).twin(answer(200)).input(), "SIG-03")
	at := got.Cases[0].Exchanges
	if len(at) != 3 || !at[0].At.Equal(forged.Start) || !at[1].At.Equal(control.Start) || !at[2].At.IsZero() {
		t.Errorf("Check() says %v", at)
	}
}
