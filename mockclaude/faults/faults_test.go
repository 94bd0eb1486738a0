package faults

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
	"hookdrill/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func rng(n uint64) *rand.Rand { return rand.New(rand.NewPCG(1, n)) }

func move(delivery uint64, attempt int) *engine.Move {
	return &engine.Move{
		Delivery: delivery, Endpoint: "we_1", EventID: "evt_1", Type: "agent.task.completed", Attempt: attempt,
		Request: mockclaude.Delivery{EventID: "evt_1", Body: `{"id":"evt_1","data":{}}`},
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	type with = map[string]any
	original := move(1, 1).Request
	for name, c := range map[string]struct {
		fault string
		with  with
		check func(m *engine.Move) bool
	}{
		"duplicate": {"duplicate", nil, func(m *engine.Move) bool {
			return len(m.After) == 1 && !m.After[0].Copy && m.After[0].Wait == 0 && reflect.DeepEqual(m.After[0].Request, original) && !m.Together
		}},
		"duplicates, identical": {"duplicate", with{"copies": 3, "gap": "2s", "identical": true, "together": true}, func(m *engine.Move) bool {
			return len(m.After) == 3 && m.After[2].Copy && m.After[2].Wait == 2*time.Second && m.Together
		}},
		"forge unsigned": {"forge", with{"how": "unsigned"}, func(m *engine.Move) bool {
			return len(m.Before) == 1 && m.Before[0].Request.Sign.Mode == mockclaude.SignNone && m.Before[0].Request.EventID == "evt_1"
		}},
		"forge altered": {"forge", with{"how": "altered_body"}, func(m *engine.Move) bool { return len(m.Before[0].Request.After) == 1 }},
		"replay": {"replay", with{"after": "6m", "copies": uint64(2)}, func(m *engine.Move) bool {
			return len(m.After) == 2 && m.After[1].Copy && m.After[1].Wait == 6*time.Minute
		}},
		"stale": {"stale", nil, func(m *engine.Move) bool {
			return m.Before[0].Request.Stamp.Offset == -10*time.Minute && m.Before[0].Request.Sign.Mode == ""
		}},
		"reorder": {"reorder", with{"behind": 4.0}, func(m *engine.Move) bool { return m.Behind == 4 && m.Postpone == 10*time.Second }},
		"delay":   {"delay", with{"by": "90s"}, func(m *engine.Move) bool { return m.Postpone == 90*time.Second && m.Behind == 0 }},
		"timeout": {"timeout", with{"after": 0}, func(m *engine.Move) bool {
			return m.Request.Shape.Kind == mockclaude.ShapeAbandon && m.Request.Shape.GiveUp == 0 && m.Request.Timeout > 0
		}},
		"cut": {"cut", with{"at": 99}, func(m *engine.Move) bool {
			return m.Request.Shape.Kind == mockclaude.ShapeCut && m.Request.Shape.CutAt == 99
		}},
		"drop": {"drop", nil, func(m *engine.Move) bool { return m.Lose && reflect.DeepEqual(m.Request, original) }},
		"slow": {"slow", with{"pieces": 100, "pause": "3s"}, func(m *engine.Move) bool {
			return m.Request.Shape.Pieces == 100 && m.Request.Timeout > 300*time.Second
		}},
		"zombie": {"zombie", nil, func(m *engine.Move) bool {
			lasts := time.Duration(m.Request.Shape.Pieces-1) * m.Request.Shape.Pause
			return m.GiveUp == 500*time.Millisecond && lasts > 2900*time.Millisecond && m.Request.Timeout > lasts
		}},
		"burst": {"burst", with{"of": 256}, func(m *engine.Move) bool { return m.Gather == 256 && m.Postpone == 5*time.Second }},
	} {
		f, err := New(c.fault, c.with)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		m := move(1, 1)
		f.Change(m, rng(1))
		if !c.check(m) {
			t.Errorf("%s: %+v", name, m)
		}
		if m.Delivery != 1 || m.Endpoint != "we_1" || m.EventID != "evt_1" || m.Attempt != 1 {
			t.Errorf("%s changed what the move is about: %+v", name, m)
		}
	}
}

// TestForgeriesAreForged: no way to forge leaves the request as it was.
func TestForgeriesAreForged(t *testing.T) {
	t.Parallel()
	for _, how := range append(forgeries(), anyForgery) {
		f, err := New("forge", map[string]any{"how": how})
		if err != nil {
			t.Fatal(err)
		}
		m := move(1, 1)
		f.Change(m, rng(3))
		forged := m.Before[0].Request
		if reflect.DeepEqual(forged, m.Request) || reflect.DeepEqual(forged.Sign, m.Request.Sign) && len(forged.After) == 0 {
			t.Errorf("%s: %+v is the request itself", how, forged)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	type with = map[string]any
	for _, c := range []struct {
		fault string
		with  with
		want  string
	}{
		{"duplicat", nil, `did you mean "duplicate"?`},
		{"zzzz", nil, "there are duplicate, forge"},
		{"duplicate", with{"copis": 1}, `did you mean "copies"?`},
		{"drop", with{"x": 1}, "it has none"},
		{"duplicate", with{"copies": 0}, "copies: want a whole number from 1 to 100"},
		{"duplicate", with{"copies": 1.5}, "copies"},
		{"duplicate", with{"copies": "two"}, "copies"},
		{"duplicate", with{"together": "yes"}, "true or false"},
		{"forge", with{"how": "badly"}, "one of any, other_key"},
		{"delay", with{"by": "1"}, "by: want a duration from 1ms to 24h"},
		{"delay", with{"by": 5}, "by: want a duration"},
		{"delay", with{"by": "-1s"}, "by"},
		{"zombie", with{"after": "0s", "lasts": "1h"}, "lasts"},
	} {
		if _, err := New(c.fault, c.with); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want …%s…", c.fault, c.with, err, c.want)
		}
	}
}

// TestDefaultsAreRight: each default is a value that may be given.
func TestDefaultsAreRight(t *testing.T) {
	t.Parallel()
	for _, k := range Kinds() {
		for _, o := range k.Options() {
			var v any = o.Default
			if n := 0; o.Default == "true" || o.Default == "false" {
				v = o.Default == "true"
			} else if _, err := fmt.Sscanf(o.Default, "%d", &n); err == nil && strconv.Itoa(n) == o.Default {
				v = n
			}
			if _, err := New(k.Name, map[string]any{o.Name: v}); err != nil {
				t.Errorf("%s.%s: %v", k.Name, o.Name, err)
			}
			if o.Range == "" || o.Does == "" {
				t.Errorf("%s.%s is not described", k.Name, o.Name)
			}
		}
	}
}

func compile(t *testing.T, text string) *Programme {
	t.Helper()
	p, err := scenarios.ParseProgramme([]byte(text), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := Compile(p)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// faultsOf says which faults the moves get.
func faultsOf(j *Injector, moves ...*engine.Move) string {
	var out []string
	for i, m := range moves {
		j.Next(m, rng(uint64(i)))
		name := m.Fault
		if name == "" {
			name = "-"
		}
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

func firsts(n int) []*engine.Move {
	var out []*engine.Move
	for i := range n {
		out = append(out, move(uint64(i+1), 1))
	}
	return out
}

func TestProgramme(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"once":                {"steps: [{fault: drop, count: 2}, {fault: none}, {fault: cut}]", "drop drop - cut - - - - -"},
		"repeat":              {"repeat: 2\nsteps: [{fault: drop}, {fault: none}]", "drop - drop - - - - - -"},
		"forever":             {"forever: true\nsteps: [{fault: drop}, {fault: cut, count: 2}]", "drop cut cut drop cut cut drop cut cut"},
		"of another type":     {"match: {types: [agent.task.failed]}\nsteps: [{fault: drop}]", "- - - - - - - - -"},
		"of another endpoint": {"steps: [{fault: drop, match: {endpoints: [we_2]}}, {fault: cut}]", "- - - - - - - - -"},
		"of this endpoint":    {"match: {endpoints: [we_2]}\nsteps: [{fault: drop, match: {endpoints: [we_1]}}]", "drop - - - - - - - -"},
	} {
		if got := faultsOf(NewInjector(compile(t, "title: t\n"+c.text)), firsts(9)...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	retries := []*engine.Move{move(1, 2), move(1, 1), move(1, 2), move(2, 1)}
	if got := faultsOf(NewInjector(compile(t, "title: t\nsteps: [{fault: drop}, {fault: cut}]")), retries...); got != "- drop - cut" {
		t.Errorf("first attempts: %s", got)
	}
	if got := faultsOf(NewInjector(compile(t, "title: t\nsteps: [{fault: drop, count: 3, on: any}]")), move(1, 2), move(1, 1), move(1, 3), move(2, 1)); got != "drop drop drop -" {
		t.Errorf("any attempts: %s", got)
	}
}

func TestInjections(t *testing.T) {
	t.Parallel()
	j := NewInjector(compile(t, "title: t\nforever: true\nsteps: [{fault: drop}]"))
	for _, s := range []scenarios.ProgrammeStep{
		{Fault: "cut", Match: &scenarios.Match{Types: []string{"other"}}}, {Fault: "slow", Count: 2}, {Fault: "none"},
	} {
		if _, err := j.Inject(s); err != nil {
			t.Fatal(err)
		}
	}
	if got := faultsOf(j, firsts(5)...); got != "slow slow - drop drop" {
		t.Errorf("got %s", got)
	}
	if list := j.List(); len(list) != 1 || list[0].Fault != "cut" || list[0].Left != 1 || list[0].ID != 1 {
		t.Errorf("left: %+v", list)
	}
	if p := j.Progress(); p.Made != 2 || p.Run != 2 || p.Over || p.Name != "test.yaml" {
		t.Errorf("progress = %+v", p)
	}
	if err := errors.Join(j.Cancel(1)); err != nil || len(j.List()) != 0 {
		t.Errorf("Cancel = %v", err)
	}
	if err := j.Cancel(1); !errors.Is(err, ErrUnknown) {
		t.Errorf("Cancel again = %v", err)
	}
	for _, s := range []scenarios.ProgrammeStep{{}, {Fault: "drp"}, {Fault: "drop", Count: -1}, {Fault: "drop", On: "all"}, {Fault: "none", With: map[string]any{"a": 1}}} {
		if _, err := j.Inject(s); err == nil {
			t.Errorf("%+v is injected", s)
		}
	}
	for range mostInjections {
		if _, err := j.Inject(scenarios.ProgrammeStep{Fault: "drop"}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := j.Inject(scenarios.ProgrammeStep{Fault: "drop"}); !errors.Is(err, ErrFull) {
		t.Errorf("one too many: %v", err)
	}
	j.Clear()
	if len(j.List()) != 0 || NewInjector(nil).Progress() != nil {
		t.Error("not clear")
	}
}

// TestCountIsExact counts under concurrency.
func TestCountIsExact(t *testing.T) {
	t.Parallel()
	j := NewInjector(compile(t, "title: t\nsteps: [{fault: drop, count: 500}]"))
	if _, err := j.Inject(scenarios.ProgrammeStep{Fault: "cut", Count: 300}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	count := map[string]int{}
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for range 200 {
				m := move(uint64(w), 1)
				j.Next(m, rng(1))
				mu.Lock()
				count[m.Fault]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if count["drop"] != 500 || count["cut"] != 300 || count[""] != 800 {
		t.Errorf("%v", count)
	}
}

func TestSoak(t *testing.T) {
	t.Parallel()
	text := "title: t\nsoak: {one_in: 4, consecutive: 2, faults: [{fault: drop}, {fault: cut}, {fault: forge}]}"
	run := func() (out []string, faulty int) {
		j := NewInjector(compile(t, text))
		for d := range uint64(1000) {
			m := move(d, 1)
			j.Next(m, rng(d))
			out = append(out, fmt.Sprintf("%s %+v", m.Fault, m.Before))
			if m.Fault != "" {
				faulty++
			}
		}
		return out, faulty
	}
	one, faulty := run()
	two, _ := run()
	if !slices.Equal(one, two) {
		t.Error("the same seed gave another sequence")
	}
	if faulty < 200 || faulty > 300 {
		t.Errorf("%d of 1000 are faulty, want about 250", faulty)
	}
	j := NewInjector(compile(t, text))
	for d := range uint64(1000) {
		m := move(d, 3)
		m.Faulty = 2
		if j.Next(m, rng(d)); m.Fault != "" {
			t.Fatalf("a third faulty attempt in a row: %+v", m)
		}
	}
}

func TestProgrammesAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"no title":           {"steps: [{fault: drop}]", "title: missing"},
		"nothing":            {"title: t", "neither steps nor a soak"},
		"both":               {"title: t\nsteps: [{fault: drop}]\nsoak: {one_in: 2, consecutive: 1, faults: [{fault: drop}]}", "give one"},
		"an unknown key":     {"title: t\nstep: []", "[2:1]"},
		"a wrong count":      {"title: t\nsteps: [{fault: drop, count: -1}]", "steps[0]: count"},
		"a wrong on":         {"title: t\nsteps: [{fault: drop, on: last}]", "steps[0]: on: want first or any"},
		"no fault":           {"title: t\nsteps: [{count: 1}]", "steps[0]: fault: missing"},
		"repeat and forever": {"title: t\nrepeat: 2\nforever: true\nsteps: [{fault: drop}]", "give one"},
		"one in one":         {"title: t\nsoak: {one_in: 1, consecutive: 10, faults: []}", "soak.one_in"},
		"an unknown fault":   {"title: t\nsteps: [{fault: drp}, {fault: cut, with: {at: 100}}]", `steps[0]: unknown fault "drp"; did you mean "drop"?`},
		"a wrong option":     {"title: t\nsteps: [{fault: drop}, {fault: cut, with: {at: 100}}]", "steps[1]: fault cut: at: want a whole number from 1 to 99"},
		"a soak's option":    {"title: t\nsoak: {one_in: 2, consecutive: 1, faults: [{fault: cut, with: {at: 0}}]}", "soak.faults[0]: fault cut"},
	} {
		p, err := scenarios.ParseProgramme([]byte(c.text), "test.yaml")
		if err == nil {
			_, err = Compile(p)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "test.yaml") {
			t.Errorf("%s: %v, want …%s…", name, err, c.want)
		}
	}
}

// TestBuiltIn: every programme that comes along compiles, and each fault is in
// one of them.
func TestBuiltIn(t *testing.T) {
	t.Parallel()
	all, err := scenarios.Programmes()
	if err != nil || len(all) < 5 {
		t.Fatalf("%d programmes, %v", len(all), err)
	}
	used := map[string]bool{}
	for _, p := range all {
		if _, err := Compile(&p); err != nil {
			t.Error(err)
		}
		for _, s := range p.Steps {
			used[s.Fault] = true
		}
		if loaded, err := scenarios.LoadProgramme(p.Name); err != nil || loaded.Title != p.Title {
			t.Errorf("LoadProgramme(%s) = %+v, %v", p.Name, loaded, err)
		}
	}
	for _, k := range Kinds() {
		if !used[k.Name] {
			t.Errorf("no programme uses %s", k.Name)
		}
	}
	if _, err := scenarios.LoadProgramme("twic"); err == nil || !strings.Contains(err.Error(), `did you mean "twice"?`) {
		t.Errorf("LoadProgramme = %v", err)
	}
	if _, err := scenarios.LoadProgramme("none/there.yaml"); err == nil {
		t.Error("a file that is not there is loaded")
	}
}

func FuzzProgramme(f *testing.F) {
	f.Add("title: t\nforever: true\nsteps: [{fault: duplicate, with: {copies: 100, gap: 1h}}]")
	f.Add("title: t\nsoak: {one_in: 2, consecutive: 9, faults: [{fault: zombie, with: {after: 1m}}]}")
	f.Add("title: {a: [b]}\nmatch: {types: ~}\nsteps: ~")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := scenarios.ParseProgramme([]byte(text), "f.yaml")
		if err != nil {
			return
		}
		c, err := Compile(p)
		if err != nil {
			return
		}
		j := NewInjector(c)
		for _, m := range firsts(20) {
			j.Next(m, rng(1))
			if len(m.After)+len(m.Before) > 101 {
				t.Errorf("%d requests", len(m.After)+len(m.Before))
			}
		}
	})
}
