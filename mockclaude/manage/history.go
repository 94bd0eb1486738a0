package manage

import (
	"net/http"
	"time"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
)

// Stats is what GET /api/stats answers with.
type Stats struct {
	engine.Stats
	Seed     uint64    `json:"seed"`
	Speed    float64   `json:"speed"`
	Contract string    `json:"contract"`
	Types    []string  `json:"types"`
	Started  time.Time `json:"started"`
}

func (m *manage) current() Stats {
	c := m.Engine.Contract()
	s := Stats{Stats: m.Engine.Stats(), Seed: m.Seed, Speed: m.Speed, Contract: c.Name, Started: m.Started.UTC()}
	for _, t := range c.Types {
		s.Types = append(s.Types, t.Name)
	}
	return s
}

func (m *manage) stats(w http.ResponseWriter, r *http.Request) {
	if _, ok := filter(w, r, nil); ok {
		webapi.Write(w, http.StatusOK, m.current())
	}
}

// page is a part of a list; Next is the before of the next one.
type deliveryPage struct {
	Deliveries []engine.Delivery `json:"deliveries"`
	Next       uint64            `json:"next,omitempty"`
}

type attemptPage struct {
	Attempts []engine.Attempt `json:"attempts"`
	Next     uint64           `json:"next,omitempty"`
}

func (m *manage) deliveries(w http.ResponseWriter, r *http.Request) {
	if f, ok := filter(w, r, ofDeliveries()); ok {
		list, next := m.Engine.Deliveries(f)
		webapi.Write(w, http.StatusOK, deliveryPage{list, next})
	}
}

func (m *manage) deadLetters(w http.ResponseWriter, r *http.Request) {
	known := ofDeliveries()
	delete(known, "state")
	if f, ok := filter(w, r, known); ok {
		f.State = engine.Abandoned
		list, next := m.Engine.Deliveries(f)
		webapi.Write(w, http.StatusOK, deliveryPage{list, next})
	}
}

func (m *manage) attempts(w http.ResponseWriter, r *http.Request) {
	if f, ok := filter(w, r, ofAttempts()); ok {
		list, next := m.Engine.Attempts(f)
		webapi.Write(w, http.StatusOK, attemptPage{list, next})
	}
}

// id is the number in a request's path.
func id(w http.ResponseWriter, r *http.Request) (n uint64, ok bool) {
	if err := number(r.PathValue("id"), &n); err != nil {
		webapi.Problem(w, http.StatusNotFound, "Not found", "id: "+err.Error())
		return 0, false
	}
	return n, true
}

func (m *manage) delivery(w http.ResponseWriter, r *http.Request) {
	n, ok := id(w, r)
	if !ok {
		return
	}
	d, attempts, err := m.Engine.Delivery(n)
	if err != nil {
		refuse(w, err)
		return
	}
	webapi.Write(w, http.StatusOK, map[string]any{"delivery": d, "attempts": attempts})
}

func (m *manage) endpoints(w http.ResponseWriter, r *http.Request) {
	if _, ok := filter(w, r, nil); ok {
		webapi.Write(w, http.StatusOK, map[string]any{"endpoints": m.Engine.Endpoints()})
	}
}
