package manage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
	"hookdrill/mockclaude/faults"
	"hookdrill/scenarios"
)

const (
	mostEvents = 10_000
	mostShown  = 100
	mostName   = 200
	longest    = 24 * time.Hour
)

// trigger is what POST /api/events takes.
type trigger struct {
	Type      string          `json:"type"`
	ID        string          `json:"id"`
	TaskID    string          `json:"task_id"`
	Data      json.RawMessage `json:"data"`
	Delay     string          `json:"delay"`
	Endpoints []string        `json:"endpoints"`
	Count     int             `json:"count"`
}

// triggered is what it answers with. Of many, the first hundred are named.
type triggered struct {
	Accepted   int      `json:"accepted"`
	EventIDs   []string `json:"event_ids"`
	Deliveries []uint64 `json:"deliveries"`
	Note       string   `json:"note,omitempty"`
}

func (t trigger) check() (delay time.Duration, field, why string) {
	switch {
	case t.Type == "":
		return 0, "type", "missing"
	case len(t.Type) > mostName || len(t.ID) > mostName || len(t.TaskID) > mostName:
		return 0, "type", "type, id and task_id have at most 200 bytes"
	case t.Count < 0 || t.Count > mostEvents:
		return 0, "count", fmt.Sprintf("want 1 to %d", mostEvents)
	case t.ID != "" && t.Count > 1:
		return 0, "count", "many events cannot have one id"
	case t.Data != nil && !bytes.HasPrefix(bytes.TrimSpace(t.Data), []byte("{")):
		return 0, "data", "want an object"
	case t.Delay == "":
		return 0, "", ""
	}
	delay, err := time.ParseDuration(t.Delay)
	if err != nil || delay < 0 || delay > longest {
		return 0, "delay", "want a duration from 0s to 24h, such as 1.5s"
	}
	return delay, "", ""
}

func (m *manage) trigger(w http.ResponseWriter, r *http.Request) {
	var t trigger
	if !webapi.Read(w, r, mostBody, &t) {
		return
	}
	delay, field, why := t.check()
	if why != "" {
		webapi.Invalid(w, field, why)
		return
	}
	out := triggered{EventIDs: []string{}, Deliveries: []uint64{}}
	if !m.Engine.Contract().Documented(t.Type) {
		out.Note = "the contract does not document this type"
	}
	for range max(1, t.Count) {
		ev, err := m.Engine.Draw(t.Type)
		if err != nil {
			refuse(w, err)
			return
		}
		if t.TaskID != "" {
			ev.SetSubject(t.TaskID)
		}
		if t.Data != nil {
			if err := ev.SetData(m.Engine.Contract(), t.Data); err != nil {
				webapi.Invalid(w, "data", err.Error())
				return
			}
		}
		if t.ID != "" {
			ev.ID = t.ID
		}
		ids, err := m.Engine.Publish(r.Context(), ev, engine.Options{Delay: delay, Endpoints: t.Endpoints})
		if err != nil {
			refuse(w, err)
			return
		}
		out.Accepted++
		if len(out.EventIDs) < mostShown {
			out.EventIDs = append(out.EventIDs, ev.ID)
		}
		out.Deliveries = append(out.Deliveries, ids[:min(len(ids), mostShown-len(out.Deliveries))]...)
	}
	webapi.Write(w, http.StatusAccepted, out)
}

func (m *manage) redeliver(w http.ResponseWriter, r *http.Request) {
	n, ok := id(w, r)
	if !ok || !m.empty(w, r) {
		return
	}
	again, err := m.Engine.Redeliver(r.Context(), n)
	if err != nil {
		refuse(w, err)
		return
	}
	webapi.Write(w, http.StatusAccepted, map[string]uint64{"delivery": again})
}

// empty reads a body that says nothing: none, or an empty object.
func (m *manage) empty(w http.ResponseWriter, r *http.Request) bool {
	return r.ContentLength == 0 || webapi.Read(w, r, mostBody, &struct{}{})
}

func (m *manage) enable(w http.ResponseWriter, r *http.Request) {
	if !m.empty(w, r) {
		return
	}
	ep, err := m.Engine.Enable(r.Context(), r.PathValue("id"))
	if err != nil {
		refuse(w, err)
		return
	}
	webapi.Write(w, http.StatusOK, ep)
}

// pause pauses or resumes an endpoint, or all.
func (m *manage) pause(paused bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var what struct {
			Endpoint string `json:"endpoint"`
		}
		if r.ContentLength != 0 && !webapi.Read(w, r, mostBody, &what) {
			return
		}
		if err := m.Engine.Pause(r.Context(), what.Endpoint, paused); err != nil {
			refuse(w, err)
			return
		}
		webapi.Write(w, http.StatusOK, map[string]any{"paused": paused, "endpoint": what.Endpoint})
	}
}

// kind is a fault that there is, with its options.
type kind struct {
	Name    string          `json:"name"`
	Does    string          `json:"does"`
	Options []faults.Option `json:"options"`
}

func (m *manage) faults(w http.ResponseWriter, r *http.Request) {
	if _, ok := filter(w, r, nil); !ok {
		return
	}
	var kinds []kind
	for _, k := range faults.Kinds() {
		kinds = append(kinds, kind{k.Name, k.Title, append([]faults.Option{}, k.Options()...)})
	}
	webapi.Write(w, http.StatusOK, map[string]any{"injected": m.Faults.List(), "programme": m.Faults.Progress(), "kinds": kinds})
}

func (m *manage) inject(w http.ResponseWriter, r *http.Request) {
	var s scenarios.ProgrammeStep
	if !webapi.Read(w, r, mostBody, &s) {
		return
	}
	in, err := m.Faults.Inject(s)
	if err != nil {
		refuse(w, err)
		return
	}
	webapi.Write(w, http.StatusCreated, in)
}

func (m *manage) cancel(w http.ResponseWriter, r *http.Request) {
	n, ok := id(w, r)
	if !ok {
		return
	}
	if err := m.Faults.Cancel(n); err != nil {
		refuse(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (m *manage) clear(w http.ResponseWriter, _ *http.Request) {
	m.Faults.Clear()
	w.WriteHeader(http.StatusNoContent)
}
