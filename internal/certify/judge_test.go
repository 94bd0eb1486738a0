package certify

import (
	"testing"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/reports"
)

// judged judges a measured phase as it stands.
func judged(t *testing.T, r *loadtest.Result) map[string]reports.Status {
	t.Helper()
	return judgedUnder(t, "claude", r)
}

func judgedUnder(t *testing.T, name string, r *loadtest.Result) map[string]reports.Status {
	t.Helper()
	catalogue, err := contract.LoadRequirements()
	if err != nil {
		t.Fatal(err)
	}
	m := measured{cfg: &searching(t, Search{From: 100}).Config, main: r, effects: []*effects{{Seen: 1000}}, observers: []reports.Observer{{}}}
	if m.cfg.Contract, err = contract.Load(name); err != nil {
		t.Fatal(err)
	}
	out := map[string]reports.Status{}
	for _, c := range judge(catalogue, &m) {
		out[c.ID] = c.Status
	}
	return out
}

// TestNothingUnseenPasses: a load that the generator could not send, or of which nothing
// was acknowledged, proves nothing by what did not go wrong.
func TestNothingUnseenPasses(t *testing.T) {
	t.Parallel()
	if got := judged(t, imagined(1, 2)); got["LOAD-01"] != reports.Pass || got["LOAD-05"] != reports.Pass {
		t.Fatalf("a right load: %v", got)
	}
	unsent := imagined(1, 2)
	o := unsent.Classes[loadtest.Valid]
	o.Statuses, o.Errors = nil, map[string]uint64{loadtest.OwnErrors()[0]: o.Sent}
	for id, status := range judged(t, unsent) {
		if status == reports.Pass || status == reports.Fail {
			t.Errorf("nothing was sent, and %s is %s", id, status)
		}
	}
	refused := imagined(1, 2)
	refused.Classes[loadtest.Valid].Statuses = map[int]uint64{500: 1000}
	if got := judged(t, refused); got["LOAD-05"] != reports.NotExercised || got["LOAD-04"] != reports.Fail {
		t.Errorf("nothing was acknowledged: %v", got)
	}
}

// TestWithoutAnID: where a contract states no id, nobody can say how often an event was
// processed, and the rest is judged as ever.
func TestWithoutAnID(t *testing.T) {
	t.Parallel()
	got := judgedUnder(t, "sentry", imagined(1, 2))
	if got["LOAD-05"] != reports.NotApplicable || got["LOAD-01"] != reports.Pass {
		t.Errorf("%v", got)
	}
}
