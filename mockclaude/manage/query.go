package manage

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"hookdrill/internal/suggest"
	"hookdrill/internal/webapi"
	"hookdrill/mockclaude/engine"
)

// parameter reads one query parameter into a filter.
type parameter func(f *engine.Filter, value string) error

// shared are the parameters of every list.
func shared() map[string]parameter {
	return map[string]parameter{
		"endpoint": func(f *engine.Filter, v string) error { f.Endpoint = v; return nil },
		"event_id": func(f *engine.Filter, v string) error { f.EventID = v; return nil },
		"type":     func(f *engine.Filter, v string) error { f.Type = v; return nil },
		"since":    func(f *engine.Filter, v string) error { return moment(v, &f.Since) },
		"until":    func(f *engine.Filter, v string) error { return moment(v, &f.Until) },
		"before":   func(f *engine.Filter, v string) error { return number(v, &f.Before) },
		"limit": func(f *engine.Filter, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < 1 || n > 1000 {
				return fmt.Errorf("want a number from 1 to 1000, have %.100q", v)
			}
			f.Limit = n
			return nil
		},
	}
}

func ofDeliveries() map[string]parameter {
	p := shared()
	p["task_id"] = func(f *engine.Filter, v string) error { f.TaskID = v; return nil }
	p["state"] = func(f *engine.Filter, v string) error {
		states := engine.States()
		if f.State = engine.State(v); !slices.Contains(states, f.State) {
			var words []string
			for _, s := range states {
				words = append(words, string(s))
			}
			return fmt.Errorf("want one of %s, have %.100q", strings.Join(words, ", "), v)
		}
		return nil
	}
	return p
}

func ofAttempts() map[string]parameter {
	p := shared()
	p["delivery"] = func(f *engine.Filter, v string) error { return number(v, &f.Delivery) }
	p["fault"] = func(f *engine.Filter, v string) error { f.Fault = v; return nil }
	p["failed"] = func(f *engine.Filter, v string) error {
		if f.Failed = v == "true"; !f.Failed && v != "false" {
			return fmt.Errorf("want true or false, have %.100q", v)
		}
		return nil
	}
	return p
}

func number(v string, into *uint64) error {
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil || n == 0 {
		return fmt.Errorf("want a number from 1, have %.100q", v)
	}
	*into = n
	return nil
}

// moment reads RFC 3339 or Unix seconds.
func moment(v string, into *time.Time) error {
	if seconds, err := strconv.ParseInt(v, 10, 36); err == nil {
		*into = time.Unix(seconds, 0)
		return nil
	}
	t, err := time.Parse(time.RFC3339, v)
	if err != nil {
		return fmt.Errorf("want a time such as 2026-01-31T12:00:00Z, or Unix seconds, have %.100q", v)
	}
	*into = t
	return nil
}

// filter reads the query of a request; it answers with a problem and returns
// false when there is something wrong.
func filter(w http.ResponseWriter, r *http.Request, known map[string]parameter) (f engine.Filter, ok bool) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		webapi.Problem(w, http.StatusBadRequest, "Invalid request", "the query is not well-formed")
		return f, false
	}
	var wrong []webapi.FieldProblem
	var names []string
	for name := range known {
		names = append(names, name)
	}
	slices.Sort(names)
	for name, values := range query {
		read, is := known[name]
		switch {
		case !is:
			hint := "known are " + strings.Join(names, ", ")
			if near := suggest.Nearest(name, names); near != "" {
				hint = fmt.Sprintf("did you mean %q?", near)
			}
			wrong = append(wrong, webapi.FieldProblem{Field: name, Why: "unknown parameter; " + hint})
		case len(values) > 1:
			wrong = append(wrong, webapi.FieldProblem{Field: name, Why: "given more than once"})
		default:
			if err := read(&f, values[0]); err != nil {
				wrong = append(wrong, webapi.FieldProblem{Field: name, Why: err.Error()})
			}
		}
	}
	if len(wrong) > 0 {
		slices.SortFunc(wrong, func(a, b webapi.FieldProblem) int { return strings.Compare(a.Field, b.Field) })
		webapi.Problem(w, http.StatusBadRequest, "Invalid request", wrong[0].Field+": "+wrong[0].Why, wrong...)
		return f, false
	}
	return f, true
}
