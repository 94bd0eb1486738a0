package certify

import (
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"hookdrill/contract"
	"hookdrill/loadtest"
	"hookdrill/reports"
)

// of is a histogram of n values in ms.
func of(n int64, ms ...float64) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, 3_600_000_000, 3)
	for _, v := range ms {
		_ = h.RecordValues(int64(v*1000), n)
	}
	return h
}

// TestWhoIsToBlame: with all workers busy, it is the target that is too slow, or the workers that are
// too few, or the machine that is busy with something else.
func TestWhoIsToBlame(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change        func(*loadtest.Result)
		rate, latency reports.Status
		why           string
	}{
		"a target that is quick": {func(r *loadtest.Result) { r.Held, r.InTime = 0, 1000 }, reports.Pass, reports.Fail, ""},
		"a target at its limit": {func(r *loadtest.Result) {
			r.Quiet, r.Full = of(100, 40), of(900, 200)
		}, reports.Fail, reports.Fail, ""},
		"a target that answers too late": {func(r *loadtest.Result) {
			r.Quiet, r.Full = of(100, 700), of(900, 700)
			r.Classes[loadtest.Valid].Service = of(1000, 700)
		}, reports.Fail, reports.Fail, ""},
		"a target that stalls": {func(r *loadtest.Result) { // most requests are quick, and most of the time goes to a few
			r.Quiet, r.Full = of(900, 1), of(95, 1)
			r.Classes[loadtest.Valid].Service = of(1, append([]float64{900, 900, 900, 900, 900}, make([]float64, 995)...)...)
		}, reports.Fail, reports.Fail, ""},
		"workers that are too few": {func(r *loadtest.Result) {
			r.Quiet, r.Full = of(100, 200), of(900, 205)
		}, reports.NotExercised, reports.NotExercised, "workers: all 64 were busy, each with a request of 205.1 ms, as long as one takes alone; 308 would do (--workers)"},
		"a machine that is busy with something else": {func(r *loadtest.Result) {
			r.Quiet, r.Full = of(100, 40), of(900, 200)
			r.Lost, r.Excused, r.Undisturbed = time.Second, 100, of(1000, 20)
		}, reports.NotExercised, reports.NotExercised, "the machine's scheduling: this process itself got no processor for 1s of 10s"},
		"a machine that is a little busy, and a target at its limit": {func(r *loadtest.Result) {
			r.Quiet, r.Full = of(100, 40), of(900, 200)
			r.Lost, r.Excused, r.Undisturbed = 100*time.Millisecond, 10, of(1000, 800)
		}, reports.Fail, reports.Fail, ""},
	} {
		r := imagined(1, 2)
		r.Phase, r.Ended, r.Held, r.InTime, r.CPU = loadtest.Steady(1000, time.Second), 10*time.Second, 900, 900, 0.1
		r.Classes[loadtest.Valid].Latency, r.Classes[loadtest.Valid].Service = of(1000, 900), of(1000, 200)
		r.Undisturbed = of(1000, 900)
		r.Quiet, r.Full = of(0), of(0)
		c.change(r)
		m := measured{cfg: &searching(t, Search{From: 100}).Config, main: r}
		m.cfg.Workers = 64
		for id, got := range map[string]finding{"LOAD-01": m.find(rateTaken), "LOAD-03": m.find(latency)} {
			want := map[string]reports.Status{"LOAD-01": c.rate, "LOAD-03": c.latency}[id]
			if got.status != want || !strings.Contains(got.why, c.why) {
				t.Errorf("%s: %s is %s, want %s: %s", name, id, got.status, want, got.why)
			}
		}
		if want := c.rate == reports.NotExercised; (m.behind() != "") != want {
			t.Errorf("%s: behind: %q", name, m.behind())
		}
	}
}

// refusing is the result of a phase in which forged and stale events were sent.
func refusing(forged, stale, accepted uint64) *loadtest.Result {
	r := imagined(1, 2)
	for c, n := range map[loadtest.Class]uint64{loadtest.Forged: forged, loadtest.Stale: stale} {
		if n > 0 {
			r.Classes[c] = &loadtest.Outcome{Sent: n, Statuses: map[int]uint64{401: n}, Latency: of(0), Service: of(0)}
		}
	}
	if accepted > 0 {
		r.Classes[loadtest.Forged].Statuses = map[int]uint64{401: forged - accepted, 200: accepted}
	}
	return r
}

// TestForgeriesRefused: what was not sent was not refused either, and what was sent shows no more than
// its number does.
func TestForgeriesRefused(t *testing.T) {
	t.Parallel()
	mix := loadtest.Mix{90, 5, 3, 2}
	silent := refusing(50, 50, 0)
	silent.Classes[loadtest.Stale].Statuses = map[int]uint64{503: 30, 429: 20}
	gone := refusing(300, 0, 0)
	gone.Classes[loadtest.Forged].Statuses, gone.Classes[loadtest.Forged].Errors = nil, map[string]uint64{"refused": 300}
	for name, c := range map[string]struct {
		main, forged *loadtest.Result
		mix          loadtest.Mix
		status       reports.Status
		says         string
	}{
		"all refused": {
			refusing(180, 120, 0), nil, mix, reports.Pass,
			"0 of 180 forged accepted (which shows, with 95 % certainty, fewer than 1 in 60), 0 of 120 stale accepted (which shows, with 95 % certainty, fewer than 1 in 40); 401 × 300",
		},
		"with a second phase":                 {refusing(180, 120, 0), refusing(6000, 0, 0), mix, reports.Pass, "0 of 6180 forged accepted (which shows, with 95 % certainty, fewer than 1 in 2060)"},
		"few":                                 {refusing(3, 2, 0), nil, mix, reports.Pass, "0 of 3 forged accepted, 0 of 2 stale accepted; 401"},
		"one accepted":                        {refusing(5000, 10, 1), nil, mix, reports.Fail, "1 of 5000 forged accepted, 0 of 10 stale"},
		"one accepted in the second phase":    {refusing(180, 10, 0), refusing(5000, 0, 1), mix, reports.Fail, "1 of 5180 forged accepted"},
		"no stale one was drawn":              {refusing(180, 0, 0), nil, mix, reports.NotExercised, "0 of 0 stale accepted"},
		"stale ones are left out":             {refusing(180, 0, 0), nil, loadtest.Mix{90, 5, 3, 0}, reports.Pass, "0 of 180 forged"},
		"stale ones were not looked at":       {silent, nil, mix, reports.NotExercised, "0 of 50 stale accepted, 0 refused with 4xx; 401 × 50, 429 × 20, 503 × 30"},
		"a target that is gone by then":       {refusing(180, 10, 0), gone, mix, reports.Pass, "0 of 480 forged accepted, 180 refused with 4xx (which shows, with 95 % certainty, fewer than 1 in 60)"},
		"neither is sent, and none asked for": {imagined(1, 2), nil, loadtest.Mix{1}, reports.NotExercised, ""},
	} {
		cfg := searching(t, Search{From: 100}).Config
		cfg.Mix = c.mix
		m := measured{cfg: &cfg, main: c.main, forged: c.forged}
		if got := m.find(forgeriesRefused); got.status != c.status || !strings.Contains(got.actual, c.says) || (got.why == "") != (c.status == reports.Pass) {
			t.Errorf("%s: %s, want %s; %q, want …%s…; %q", name, got.status, c.status, got.actual, c.says, got.why)
		}
	}
}

// TestStoppedSearch: what a search had tried when it was stopped is told.
func TestStoppedSearch(t *testing.T) {
	t.Parallel()
	r := searching(t, Search{From: 100})
	m := measured{cfg: &r.Config, tried: []step{r.try(imagined(100, 150), 100), r.try(imagined(200, 150), 200)}}
	l := m.load()
	if l == nil || l.Sent != 0 || len(l.Search) != 2 || !l.Search[0].OK || l.Search[1].OK || l.Levels.P99MS != 500 {
		t.Errorf("%+v", l)
	}
	catalogue, err := contract.LoadRequirements()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range judge(catalogue, &m) {
		if c.Status != reports.NotExercised {
			t.Errorf("%s is %s", c.ID, c.Status)
		}
	}
}

// TestNoLatency: how soon it was clear that an event is not taken is no latency.
func TestNoLatency(t *testing.T) {
	t.Parallel()
	gone, right := imagined(1, 2), imagined(1, 2)
	gone.Classes[loadtest.Valid].Statuses = map[int]uint64{200: 980}
	gone.Classes[loadtest.Valid].Errors = map[string]uint64{"refused": 20}
	for name, c := range map[string]struct {
		main, forged *loadtest.Result
		want         [2]reports.Status // of LOAD-03 and LOAD-09
	}{
		"it is there":            {right, right, [2]reports.Status{reports.Pass, reports.Pass}},
		"gone in the load":       {gone, right, [2]reports.Status{reports.NotExercised, reports.Pass}},
		"gone in the last phase": {right, gone, [2]reports.Status{reports.Pass, reports.NotExercised}},
	} {
		m := measured{cfg: &searching(t, Search{From: 100}).Config, main: c.main, forged: c.forged}
		for i, f := range []finding{m.find(latency), m.find(underForgeries)} {
			if f.status != c.want[i] {
				t.Errorf("%s: %s is %s, want %s: %s", name, []string{"LOAD-03", "LOAD-09"}[i], f.status, c.want[i], f.why)
			}
		}
	}
}
