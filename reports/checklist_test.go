package reports_test

import (
	"bytes"
	"strings"
	"testing"

	"hookdrill/reports"
)

// bearing is a run of checks with the given statuses.
func bearing(command string, checks map[string]reports.Status) *reports.Report {
	r := &reports.Report{Schema: reports.Schema, Tool: reports.Tool{Name: "hookdrill"}, Command: command, Contract: "claude", Target: reports.Target{URL: receiver}, Verdict: reports.Conformant}
	for id, s := range checks {
		family, _, _ := strings.Cut(id, "-")
		r.Checks = append(r.Checks, reports.Check{ID: id, Family: family, Level: reports.Must, Status: s})
	}
	return r
}

func pointOf(t *testing.T, r *reports.Report, key string) reports.ChecklistPoint {
	t.Helper()
	back, err := reports.ReadJSON(bytes.NewReader(writeJSON(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	if len(back.Checklist) != 10 {
		t.Fatalf("%d points", len(back.Checklist))
	}
	for _, p := range back.Checklist {
		if len(p.Unseen) == 0 || len(p.Person) == 0 || p.Found == "" {
			t.Errorf("%s leaves nothing to anybody: %+v", p.Point, p)
		}
		if p.Point == key {
			return p
		}
	}
	t.Fatalf("no point %s", key)
	return reports.ChecklistPoint{}
}

func TestChecklistProvesOnlyWhatPassed(t *testing.T) {
	t.Parallel()
	type checks = map[string]reports.Status
	for name, tt := range map[string]struct {
		point  string
		checks checks
		want   string
	}{
		"all passed":               {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.Pass}, reports.PointProved},
		"one failed":               {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.Fail}, reports.PointFailed},
		"known to fail":            {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.KnownFail}, reports.PointFailed},
		"one not observed":         {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.NotObserved}, reports.PointPartly},
		"one not exercised":        {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.NotExercised}, reports.PointPartly},
		"an error":                 {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.Error}, reports.PointPartly},
		"an unknown status":        {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": "fine"}, reports.PointPartly},
		"stale in the baseline":    {"idempotency", checks{"IDEM-01": reports.Pass, "LED-01": reports.StaleBaseline}, reports.PointPartly},
		"none passed":              {"idempotency", checks{"IDEM-01": reports.NotObserved}, reports.PointOpen},
		"not applicable":           {"security_audit", checks{"TLS-01": reports.NotApplicable}, reports.PointOpen},
		"applicable in part":       {"idempotency", checks{"API-06": reports.NotApplicable, "IDEM-01": reports.Pass}, reports.PointProved},
		"a part of an audit":       {"security_audit", checks{"TLS-01": reports.Pass, "SIG-13": reports.Pass}, reports.PointPartly},
		"an audit that found one":  {"security_audit", checks{"TLS-01": reports.Pass, "SIG-13": reports.Fail}, reports.PointFailed},
		"a part of recovery":       {"disaster_recovery", checks{"DUR-01": reports.Pass, "IDEM-10": reports.Pass}, reports.PointPartly},
		"something else passed":    {"load_test", checks{"SIG-01": reports.Pass}, reports.PointOpen},
		"nothing can be proved":    {"documentation", checks{"SIG-01": reports.Pass, "OBS-01": reports.Pass}, reports.PointOpen},
		"alerts cannot be watched": {"monitoring_and_alerting", checks{"TIME-01": reports.Pass}, reports.PointOpen},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := pointOf(t, bearing("conformance", tt.checks), tt.point); got.Status != tt.want {
				t.Errorf("%s, want %s: %+v", got.Status, tt.want, got)
			}
		})
	}
	r := bearing("conformance", checks{"IDEM-01": reports.Pass})
	r.LeftOut = []string{"IDEM-02"}
	if got := pointOf(t, r, "idempotency"); got.Status != reports.PointPartly {
		t.Errorf("with a check left out: %+v", got)
	}
	advised := bearing("conformance", checks{"SIG-01": reports.Pass, "SIG-11": reports.Fail})
	for i := range advised.Checks {
		if advised.Checks[i].ID == "SIG-11" {
			advised.Checks[i].Level = reports.Should
		}
	}
	if got := pointOf(t, advised, "signature_verification"); got.Status != reports.PointPartly || !strings.Contains(got.Found, "only advise") {
		t.Errorf("with advice: %+v", got)
	}
	advised.Strict = true
	if got := pointOf(t, advised, "signature_verification"); got.Status != reports.PointFailed {
		t.Errorf("with strict advice: %+v", got)
	}
	if got := writeJSON(t, unreachable()); bytes.Contains(got, []byte("checklist")) {
		t.Error("a run that ended at its preflight has a checklist")
	}
}

func TestCombine(t *testing.T) {
	t.Parallel()
	conformance := bearing("conformance", map[string]reports.Status{"SIG-01": reports.Pass})
	load := bearing("loadtest", map[string]reports.Status{"LOAD-01": reports.Pass, "LOAD-08": reports.Fail})
	load.Load = &reports.Load{AskedRPS: 99, DurationMS: 60_000}
	both, err := reports.Combine(conformance, load)
	if err != nil {
		t.Fatal(err)
	}
	if got := pointOf(t, both, "load_test"); got.Status != reports.PointFailed || got.Checks[0].Command != "loadtest" || !strings.Contains(got.Found, "99 events a second for 1 min") {
		t.Errorf("load test: %+v", got)
	}
	if got := pointOf(t, both, "signature_verification"); got.Status != reports.PointFailed {
		t.Errorf("a forged event accepted under load: %+v", got)
	}
	if conformance.Checklist != nil {
		t.Error("the report itself was changed")
	}
	slow := bearing("loadtest", map[string]reports.Status{"LOAD-01": reports.Pass})
	slow.Load = load.Load
	if got := pointOf(t, slow, "load_test"); got.Status != reports.PointPartly {
		t.Errorf("below the guide's rate: %+v", got)
	}
	slow.Load = &reports.Load{AskedRPS: 100}
	if got := pointOf(t, slow, "load_test"); got.Status != reports.PointProved {
		t.Errorf("at the guide's rate: %+v", got)
	}
	for name, tt := range map[string]struct {
		change func(*reports.Report)
		ok     bool
	}{
		"same":                     {func(*reports.Report) {}, true},
		"another port of loopback": {func(r *reports.Report) { r.Target.URL = strings.Replace(receiver, "8080", "9090", 1) }, true},
		"another host":             {func(r *reports.Report) { r.Target.URL = "https://example.com/webhooks/claude" }, false},
		"another path":             {func(r *reports.Report) { r.Target.URL = "http://127.0.0.1:8080/other" }, false},
		"the bundled receiver":     {func(r *reports.Report) { r.Target.Bundled, r.Target.URL = true, "http://127.0.0.1:1/webhooks/claude" }, false},
		"another contract":         {func(r *reports.Report) { r.Contract = "stripe" }, false},
		"the same command":         {func(r *reports.Report) { r.Command = "conformance" }, false},
	} {
		other := *load
		tt.change(&other)
		got, err := reports.Combine(conformance, &other)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && (got.Combined[0].Note == "") != (name == "same") {
			t.Errorf("%s: the note says %q", name, got.Combined[0].Note)
		}
	}
}

func TestChecklistIsShown(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := reports.WriteSummary(&b, sample()); err != nil {
		t.Fatal(err)
	}
	page := writeHTML(t, sample())
	for _, want := range []string{"Deduplication by event id", "IDEM-02", "90 days", "runbooks"} {
		if !strings.Contains(b.String(), want) || !strings.Contains(page, want) {
			t.Errorf("%q is not shown", want)
		}
	}
	if !strings.Contains(page, "pass: SIG-20 to 23") {
		t.Error("ids in a row are not shortened")
	}
}
