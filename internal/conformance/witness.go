package conformance

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"hookdrill/internal/callback"
	"hookdrill/internal/plan"
	"hookdrill/mockclaude/witness"
	"hookdrill/observe"
)

// withWitness adds the witness to the observers of a run.
func withWitness(cfg Config, p *plan.Plan) Config {
	if cfg.Witness != nil {
		cfg.Observers = append(slices.Clone(cfg.Observers), observe.NewWitness(cfg.Witness.URL(), cfg.Witness, resources(p)))
	}
	return cfg
}

// resources gives, by event, the ids of the resources that a receiver would fetch: those
// that stand in the bodies of its deliveries. Bodies that are no JSON, ids that are no
// texts and types without a resource have none.
func resources(p *plan.Plan) map[string][]string {
	about := map[string][]string{}
	for _, c := range p.Cases {
		for _, d := range c.Deliveries() {
			// A thin event: {"type":"event","id":…,"data":{"type":…,"id":…}}. What is left to
			// fill in while sending stands inside strings.
			var body struct {
				Data struct {
					Type string `json:"type"`
					ID   string `json:"id"`
				} `json:"data"`
			}
			if json.Unmarshal([]byte(d.Body), &body) != nil || body.Data.ID == "" || !witness.Fetchable(body.Data.Type) {
				continue
			}
			if !slices.Contains(about[d.EventID], body.Data.ID) {
				about[d.EventID] = append(about[d.EventID], body.Data.ID)
			}
		}
	}
	return about
}

// caller carries out trials of what the receiver calls; nil when nobody watches.
func (r *runner) caller() func(context.Context, string) {
	if r.Witness == nil {
		return nil
	}
	trials := callback.New(callback.Config{
		Contract: r.Contract, Sender: r.sender, Witness: r.Witness, Observers: observe.Counting(r.Observers), Settle: r.Settle, Seed: r.Seed, Now: r.Now,
	})
	return func(ctx context.Context, id string) {
		var cases []*plan.Case
		for _, c := range r.plan.Cases {
			if c.Requirement == id && c.Call != nil {
				cases = append(cases, c)
			}
		}
		began := r.Now()
		maps.Copy(r.called, trials.Run(ctx, id, cases))
		if len(cases) > 0 {
			r.seen.Cases[cases[0].ID].Duration = r.Now().Sub(began) // they go on side by side: the time is the requirement's
		}
	}
}
