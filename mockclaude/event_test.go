package mockclaude

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
)

func TestNewEventIsOfItsType(t *testing.T) {
	t.Parallel()
	c := testContract()
	id := regexp.MustCompile(`^evt_[0-9A-Za-z]{24}$`)
	task := regexp.MustCompile(`^task_[0-9A-Za-z]{24}$`)
	rng := rand.New(rand.NewPCG(7, 7))
	for typ, field := range map[string]string{
		"agent.task.completed": "result", "agent.task.failed": "error", "agent.task.timeout": "", "agent.x.y": "note",
	} {
		for range 50 {
			e, err := NewEvent(c, typ, rng)
			if err != nil {
				t.Fatal(err)
			}
			if !id.MatchString(e.ID) || !task.MatchString(e.TaskID) {
				t.Fatalf("ids %q, %q", e.ID, e.TaskID)
			}
			body, err := Expand(e.Template(c), time.Now(), Stamp{})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				ID, Type string
				Time     time.Time `json:"timestamp"`
				Data     map[string]json.RawMessage
			}
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			if got.ID != e.ID || got.Type != typ || string(got.Data["task_id"]) != `"`+e.TaskID+`"` {
				t.Fatalf("%s is not the event %+v", body, e)
			}
			if field != "" && len(got.Data[field]) < 2 {
				t.Fatalf("no %s in %s", field, body)
			}
			if !strings.HasPrefix(string(e.Data), `{"task_id":`) {
				t.Fatalf("task_id is not first: %s", e.Data)
			}
		}
	}
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	draw := func(seed uint64) string {
		var all strings.Builder
		rng := rand.New(rand.NewPCG(seed, 0))
		for _, typ := range []string{"agent.task.completed", "agent.task.failed", "agent.task.timeout", "other"} {
			e, err := NewEvent(testContract(), typ, rng)
			if err != nil {
				t.Fatal(err)
			}
			all.WriteString(e.Template(testContract()))
		}
		return all.String()
	}
	if first, second := draw(1), draw(1); first != second {
		t.Error("the same seed gave other bytes")
	}
	if draw(1) == draw(2) {
		t.Error("another seed gave the same bytes")
	}
}

func TestResultsVary(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 3))
	seen, foreign := map[string]bool{}, false
	for range 100 {
		e, err := NewEvent(testContract(), "agent.task.completed", rng)
		if err != nil {
			t.Fatal(err)
		}
		_, result, _ := strings.Cut(string(e.Data), `"result":`)
		seen[result] = true
		for _, r := range result {
			foreign = foreign || r > 0x7f
		}
	}
	// Text beyond ASCII is a requirement of its own (RAW-03): a receiver that
	// cannot read it must not fail every other one as well.
	if len(seen) < 95 || foreign {
		t.Errorf("%d different results of 100, beyond ASCII %v", len(seen), foreign)
	}
}

func TestNewEventUnknownKind(t *testing.T) {
	t.Parallel()
	c := testContract()
	c.Types = append(c.Types, contract.Type{Name: "odd", Data: []contract.DataField{{Name: "x", Kind: "poem"}}})
	if _, err := NewEvent(c, "odd", rand.New(rand.NewPCG(1, 1))); err == nil {
		t.Error("an unknown kind of field is no error")
	}
}

func TestTemplateKeepsBraces(t *testing.T) {
	t.Parallel()
	e := Event{ID: "{{stamp}}", Type: "{{{x", Data: json.RawMessage(`{"note":"{{hex:00}}"}`)}
	body, err := Expand(e.Template(testContract()), noon(), Stamp{})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, Type string
		Data     struct{ Note string }
	}
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != e.ID || got.Type != e.Type || got.Data.Note != "{{hex:00}}" {
		t.Errorf("%s", body)
	}
}
