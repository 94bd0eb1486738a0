package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
)

// longestTask bounds how long a task may take.
const longestTask = 24 * time.Hour

// task is what the mock looks at in a task; everything else in it is ignored.
type task struct {
	// Outcome is how the task ends: the state of one of the contract's types.
	Outcome string `json:"outcome"`
	// Delay is how long the task takes, as in Go: 1.5s, 2m.
	Delay string `json:"delay"`
	// Result and Error take the place of the drawn ones.
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// createTask accepts a task, whose webhook follows when it ends.
func (a *api) createTask(w http.ResponseWriter, r *http.Request) {
	var t task
	if !webapi.ReadSome(w, r, mostTask, &t) {
		return
	}
	typ, field, why := a.outcome(t)
	if why != "" {
		webapi.Invalid(w, field, why)
		return
	}
	var delay time.Duration
	if t.Delay != "" {
		var err error
		if delay, err = time.ParseDuration(t.Delay); err != nil || delay < 0 || delay > longestTask {
			webapi.Invalid(w, "delay", "want a duration from 0s to 24h, such as 1.5s")
			return
		}
	}
	ev, err := a.Engine.Draw(typ.Name)
	if err != nil {
		refuse(w, err)
		return
	}
	for name, value := range map[string]json.RawMessage{"result": t.Result, "error": t.Error} {
		if value != nil {
			ev.Data = replace(ev.Data, typ, name, value)
		}
	}
	ids, err := a.Engine.Publish(r.Context(), ev, engine.Options{Delay: delay})
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Hookdrill-Deliveries", strconv.Itoa(len(ids)))
	webapi.Write(w, http.StatusAccepted, map[string]string{"task_id": ev.TaskID})
}

// outcome is the type of the event that tells of a task's end, or what is wrong
// with the task.
func (a *api) outcome(t task) (typ contract.Type, field, why string) {
	types := a.Engine.Contract().Types
	var states []string
	found := false
	for _, one := range types {
		if one.State == "" {
			continue
		}
		states = append(states, one.State)
		if !found && (t.Outcome == one.State || t.Outcome == "") {
			typ, found = one, true
		}
	}
	if len(states) == 0 {
		return typ, "outcome", fmt.Sprintf("the contract %s tells of no tasks; trigger its events at the management address", a.Engine.Contract().Name)
	}
	if !found {
		return typ, "outcome", fmt.Sprintf("want one of %s, have %.100q", strings.Join(states, ", "), t.Outcome)
	}
	for _, own := range []struct {
		name  string
		value json.RawMessage
	}{{"result", t.Result}, {"error", t.Error}} {
		switch {
		case own.value == nil:
		case !has(typ, own.name):
			return typ, own.name, fmt.Sprintf("a task that ends as %s has none", typ.State)
		case !bytes.HasPrefix(bytes.TrimSpace(own.value), []byte("{")):
			return typ, own.name, "want an object"
		}
	}
	return typ, "", ""
}

// has is true when a type's data has a field of a kind.
func has(typ contract.Type, kind string) bool {
	for _, f := range typ.Data {
		if f.Kind == kind {
			return true
		}
	}
	return false
}

// replace puts a value in the place of the field of a kind; the order of the
// fields stays the contract's.
func replace(data json.RawMessage, typ contract.Type, kind string, value json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return data
	}
	var out bytes.Buffer
	for i, f := range typ.Data {
		out.WriteByte("{,"[min(i, 1)])
		name, err := json.Marshal(f.Name)
		if err != nil {
			return data
		}
		out.Write(name)
		out.WriteByte(':')
		own := fields[f.Name]
		if f.Kind == kind {
			own = value
		}
		if err := json.Compact(&out, own); err != nil {
			return data
		}
	}
	out.WriteByte('}')
	return out.Bytes()
}
