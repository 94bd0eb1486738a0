package reports

import (
	"strings"
	"testing"
)

// shownParts writes the marks of a comparison as text: {different} and [gone].
func shownParts(c comparison) string {
	var b strings.Builder
	for _, p := range c.Parts {
		switch {
		case p.Marked:
			b.WriteString("{" + p.Text + "}")
		case p.Gone:
			b.WriteString("[" + p.Text + "]")
		default:
			b.WriteString(p.Text)
		}
	}
	return strings.ReplaceAll(b.String(), "\r", "")
}

func wire(signature, body string) string {
	return "POST /hook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n" + signature + "\r\n" + body
}

func TestMarksWhatDiffersFromTheTwin(t *testing.T) {
	t.Parallel()
	const (
		signed = "X-Claude-Signature: [signature by key:42da6c24]\r\n"
		twin   = `{"id":"evt_MGxgksOEP4adjMb8ub5j0rck","type":"agent.task.completed","timestamp":"2026-11-26T11:23:01Z","data":{"task_id":"task_3M26LtbF9u","result":{"a":1}}}`
		event  = `{"id":"evt_0rtMLz0tP2HOl7lLCs4USuov","type":"agent.task.completed","timestamp":"2026-11-26T11:23:04Z","data":{"task_id":"task_LXQdjpM792","result":{"b":[2]}}}`
	)
	changed := func(old, by string) string { return strings.Replace(event, old, by, 1) }
	for name, tt := range map[string]struct {
		head, body string
		want       []string
	}{
		"nothing":             {signed, event, nil},
		"signature cut":       {"X-Claude-Signature: [signature by key:42da6c24, cut to 8 characters]\r\n", event, []string{"{, cut to 8 characters}"}},
		"another signature":   {"X-Claude-Signature: 0f0f0f0f0f0f0f0f\r\n", event, []string{"{0f0f0f0f0f0f0f0f}"}},
		"no signature":        {"", event, []string{"[X-Claude-Signature: [signature by key:42da6c24]\n]"}},
		"another header":      {signed + "X-Forwarded-For: 127.0.0.1\r\n", event, []string{"{X-Forwarded-For: 127.0.0.1\n}"}},
		"name in capitals":    {strings.Replace(signed, "X-Claude", "X-CLAUDE", 1), event, []string{"{CLAUDE}"}},
		"stamped in the past": {signed, changed("2026-11-26T11:23:04Z", "2001-01-01T00:00:00Z"), []string{`{"2001-01-01T00:00:00Z"}`}},
		"no time at all":      {signed, changed("2026-11-26T11:23:04Z", "yesterday"), []string{`{"yesterday"}`}},
		"timestamp missing":   {signed, changed(`"timestamp":"2026-11-26T11:23:04Z",`, ""), []string{"[\ntimestamp: missing]"}},
		"id a number":         {signed, changed(`"evt_0rtMLz0tP2HOl7lLCs4USuov"`, "7"), []string{`"id":{7}`}},
		"id empty":            {signed, changed(`"evt_0rtMLz0tP2HOl7lLCs4USuov"`, `""`), []string{`"id":{""}`}},
		"id twice":            {signed, changed(`"type"`, `"id":"evt_1rtMLz0tP2HOl7lLCs4USuov","type"`), []string{`{"evt_1rtMLz0tP2HOl7lLCs4USuov"}`}},
		"extra field":         {signed, changed(`"type"`, `"x":1,"type"`), []string{`{"x":1}`}},
		"task id empty":       {signed, changed(`"task_LXQdjpM792"`, `""`), []string{`"task_id":{""}`}},
		"data a string":       {signed, `{"id":"evt_0rtMLz0tP2HOl7lLCs4USuov","type":"agent.task.completed","timestamp":"2026-11-26T11:23:04Z","data":"x"}`, []string{`"data":{"x"}`}},
		"another type":        {signed, strings.ReplaceAll(changed("completed", "failed"), `"result"`, `"error"`), nil},
		"unknown type":        {signed, changed("agent.task.completed", "nobody.knows"), []string{`{"nobody.knows"}`}},
		"cut off":             {signed, event[:40], []string{"{ (it ends here)}"}},
		"trailing comma":      {signed, strings.TrimSuffix(event, "}") + ",}", []string{"{}}"}},
		"text after it":       {signed, event + " x", []string{"{x}"}},
		"a space after it":    {signed, event + " ", []string{`{ (followed by " ")}`}},
		"a line end after it": {signed, event + "\r\n", []string{`{ (followed by "\r\n")}`}},
		"a line before it":    {signed, "\n" + event, []string{`{(it begins with "\n") }`}},
		"no JSON":             {signed, "hello", []string{"{hello}"}},
		"an array":            {signed, "[]", []string{"{[]}"}},
		"null":                {signed, "null", []string{"{null}"}},
		"empty":               {signed, "", []string{"[(no body)]"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compare([]Exchange{
				{Role: "control", Status: 200, EventID: "a", Request: wire(signed, twin)},
				{Role: "case", Status: 200, EventID: "b", Request: wire(tt.head, tt.body)},
			}, 1)
			text := shownParts(got)
			if (got.With == 1) != (len(tt.want) > 0) || got.With != 0 && !got.Twin {
				t.Errorf("compared with %d, twin %v: %s", got.With, got.Twin, text)
			}
			for _, w := range tt.want {
				if !strings.Contains(text, w) {
					t.Errorf("%s is not marked: %s", w, text)
				}
			}
			marks := 0
			for _, p := range got.Parts {
				if p.Marked || p.Gone {
					marks++
				}
			}
			if marks > len(tt.want)+1 || len(tt.want) == 0 && marks > 0 {
				t.Errorf("%d marks: %s", marks, text)
			}
		})
	}
}

func TestMarksWhatDiffersFromTheFirstCopy(t *testing.T) {
	t.Parallel()
	first := Exchange{Role: "case", EventID: "a", Request: wire("", `{"id":"a","timestamp":"11:23:01"}`)}
	again := first
	again.Request = wire("", `{"id":"a","timestamp":"11:23:09"}`)
	all := []Exchange{first, first, again}
	if got := compare(all, 1); !got.Same || got.With != 1 {
		t.Errorf("the same bytes: %+v", got)
	}
	if got := shownParts(compare(all, 2)); !strings.Contains(got, `11:23:{09}[01]"`) {
		t.Errorf("stamped anew: %s", got)
	}
	if got := compare(all, 0); got.With != 0 || got.Same {
		t.Errorf("the first: %+v", got)
	}
}

// TestComparingLosesNothing: without what is gone, the parts are the request.
func FuzzComparing(f *testing.F) {
	f.Add("GET / HTTP/1.1\r\nA: b\r\n\r\n{}", "POST / HTTP/1.1\nA: c\n\n{\"id\":1}", true)
	f.Add("", "\r\n\r\n{", false)
	f.Add("x\r\n\r\n{\"data\":{\"data\":{}},\"data\":[1,{}]}", "x\r\n\r\n{\"data\":{\"a\":1e400}}", false)
	f.Fuzz(func(t *testing.T, request, other string, same bool) {
		x := Exchange{Role: "case", EventID: "b", Request: request}
		twin := Exchange{Role: "control", Status: 200, EventID: "a", Request: other}
		if same {
			twin.EventID = "b"
		}
		var b strings.Builder
		got := compare([]Exchange{twin, x}, 1)
		if got.Same {
			return
		}
		for _, p := range got.Parts {
			if !p.Gone && !p.Note {
				b.WriteString(p.Text)
			}
		}
		if b.String() != request {
			t.Errorf("%q became %q", request, b.String())
		}
	})
}
