package mockclaude

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestSendBegun: whoever waits for the beginning is told once, before the target has the request
// whole, and also when there is nobody to send to.
func TestSendBegun(t *testing.T) {
	t.Parallel()
	began, calls := make(chan struct{}), 0
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-began
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	for _, status := range []int{http.StatusOK, 0} {
		calls = 0
		s := testSender(t, server.URL)
		e := s.SendBegun(t.Context(), Delivery{Body: "{}"}, func() {
			if calls++; status != 0 {
				close(began)
			}
		})
		if e.Status != status || calls != 1 {
			t.Errorf("status %d, told %d times; want %d, once", e.Status, calls, status)
		}
		server.Close()
	}
}
