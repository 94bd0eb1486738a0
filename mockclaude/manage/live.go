package manage

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
)

const (
	// mostWatchers bounds the streams that are open at once.
	mostWatchers = 64
	// patience bounds how long a browser may take to read what is written.
	patience = 10 * time.Second
)

// live streams what happens as server-sent events.
func (m *manage) live(w http.ResponseWriter, r *http.Request) {
	select {
	case m.watchers <- struct{}{}:
		defer func() { <-m.watchers }()
	default:
		w.Header().Set("Retry-After", "5")
		webapi.Problem(w, http.StatusServiceUnavailable, "Full", fmt.Sprintf("%d watch already", mostWatchers))
		return
	}
	updates, stop := m.Engine.Watch()
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no")
	s := stream{w: w, rc: http.NewResponseController(w)}
	if !s.event("hello", m.current()) {
		return
	}
	beat := time.NewTicker(m.Heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-m.Done:
			return
		case <-beat.C:
			if !s.send(": still here\n\n") {
				return
			}
		case u, open := <-updates:
			if !open || !s.update(u) {
				return
			}
		}
	}
}

// stream writes server-sent events; its methods return false when the client
// is gone, or reads too slowly.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
	n  uint64
}

func (s *stream) update(u engine.Update) bool {
	switch {
	case u.Delivery != nil:
		return s.event("delivery", u.Delivery)
	case u.Attempt != nil:
		return s.event("attempt", u.Attempt)
	case u.Endpoint != nil:
		return s.event("endpoint", u.Endpoint)
	case u.Deleted != "":
		return s.event("deleted", map[string]string{"id": u.Deleted})
	case u.Missed > 0:
		return s.event("missed", map[string]uint64{"missed": u.Missed})
	case u.Paused != nil:
		return s.event("paused", map[string]bool{"paused": *u.Paused})
	default:
		return true
	}
}

func (s *stream) event(name string, v any) bool {
	text, err := json.Marshal(v)
	if err != nil {
		return false
	}
	s.n++
	return s.send(fmt.Sprintf("id: %d\nevent: %s\ndata: %s\n\n", s.n, name, text))
}

func (s *stream) send(text string) bool {
	// A writer without deadlines, as a test's, needs none.
	_ = s.rc.SetWriteDeadline(time.Now().Add(patience))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.rc.Flush() == nil
}
