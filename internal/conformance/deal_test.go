package conformance

import (
	"reflect"
	"slices"
	"testing"

	"hookdrill/internal/plan"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

func TestDeal(t *testing.T) {
	t.Parallel()
	of := func(events ...string) []plan.Delivery {
		var out []plan.Delivery
		for _, id := range events {
			out = append(out, plan.Delivery{Delivery: mockclaude.Delivery{EventID: id}})
		}
		return out
	}
	tests := []struct {
		name  string
		n     int
		steps []plan.Step
		want  []int // from the instance that the case begins with
	}{
		{"in turn", 3, []plan.Step{{Deliveries: of("a", "b")}, {Deliveries: of("c", "d")}}, []int{0, 1, 2, 0}},
		{"a copy meets another", 2, []plan.Step{{Deliveries: of("a", "b", "a")}, {Deliveries: of("a")}}, []int{0, 1, 1, 0}},
		{"copies at once", 2, []plan.Step{{Mode: scenarios.ModeTogether, Deliveries: of("a", "a", "a", "a")}}, []int{0, 1, 0, 1}},
		{"copies of two events at once", 2, []plan.Step{{Mode: scenarios.ModeTogether, Deliveries: of("a", "b", "a", "b")}}, []int{0, 1, 1, 0}},
		{"one connection", 2, []plan.Step{{Deliveries: of("a")}, {Mode: scenarios.ModeConnection, Deliveries: of("b", "c", "d")}}, []int{0, 1, 1, 1}},
		{"background", 2, []plan.Step{{Deliveries: of("a"), Background: of("b", "c")}}, []int{0, 1, 0}},
		{"between twins", 2, []plan.Step{{Deliveries: of("a")}, {Deliveries: of("b"), Background: of("d")}, {Deliveries: of("c")}}, []int{0, 0, 0, 0}},
		{"nameless", 2, []plan.Step{{Deliveries: of("", "", "")}}, []int{0, 1, 0}},
		{"one instance", 1, []plan.Step{{Deliveries: of("a", "a")}}, []int{0, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &plan.Case{ID: "IDEM-01/" + tt.name, Steps: tt.steps, Control: tt.name == "between twins"}
			deal(&plan.Plan{Cases: []*plan.Case{c}}, tt.n)
			var got []int
			for _, d := range c.Deliveries() {
				got = append(got, d.To)
			}
			for i := range got[1:] {
				got[i+1] = (got[i+1] - got[0] + tt.n) % tt.n
			}
			got[0] = 0
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestDealIsSteady: a case is dealt alike whatever else is run, and not every
// case begins with the same instance.
func TestDealIsSteady(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.Only, cfg.Further = nil, append(cfg.Further, cfg.Target)
	whole, err := Plan(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Only = []string{"IDEM-01"}
	some, err := Plan(cfg)
	if err != nil {
		t.Fatal(err)
	}
	begins := map[int]int{}
	for _, c := range whole.Cases {
		if all := c.Deliveries(); len(all) > 0 {
			begins[all[0].To]++
		}
		if same := some.Case(c.ID); same != nil && !reflect.DeepEqual(c, same) {
			t.Errorf("%s differs in a selection", c.ID)
		}
	}
	if begins[0] == 0 || begins[1] == 0 {
		t.Errorf("cases begin with %v", begins)
	}
}
