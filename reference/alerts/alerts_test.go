package alerts_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"hookdrill/internal/testtool"
	"hookdrill/reference"
	"hookdrill/reference/alerts"
	"hookdrill/reference/sqlitestore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type alert struct {
	Name        string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func all(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.UnmarshalWithOptions([]byte(alerts.Rules()), &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	var found []alert
	for _, group := range file.Groups {
		found = append(found, group.Rules...)
	}
	if len(found) == 0 {
		t.Fatal("no alerts")
	}
	return found
}

// promtool runs promtool.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	path := testtool.Need(t, "promtool")
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	t.Parallel()
	promtool(t, "check", "rules", "hookdrill-receiver.rules.yml")
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	promtool(t, "test", "rules", filepath.Join("testdata", "hookdrill-receiver.test.yml"))
}

func TestAlertsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, a := range all(t) {
		if seen[a.Name] {
			t.Errorf("%s is there twice", a.Name)
		}
		seen[a.Name] = true
		if s := a.Labels["severity"]; s != "warning" && s != "critical" {
			t.Errorf("%s: severity = %q", a.Name, s)
		}
		for _, key := range []string{"summary", "description", "runbook"} {
			if a.Annotations[key] == "" {
				t.Errorf("%s has no %s", a.Name, key)
			}
		}
	}
}

// TestRunbookHasEveryAlert looks for the heading that each alert leads to.
func TestRunbookHasEveryAlert(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbook.md"))
	if err != nil {
		t.Fatal(err)
	}
	anchors := map[string]bool{}
	for _, heading := range regexp.MustCompile(`(?m)^#+ +(.+?) *$`).FindAllStringSubmatch(string(text), -1) {
		anchors[anchorOf(heading[1])] = true
	}
	for _, id := range regexp.MustCompile(`<a (?:id|name)="([^"]+)">`).FindAllStringSubmatch(string(text), -1) {
		anchors[id[1]] = true
	}
	for _, a := range all(t) {
		if anchor, ok := strings.CutPrefix(a.Annotations["runbook"], "docs/runbook.md#"); !ok || !anchors[anchor] {
			t.Errorf("%s: docs/runbook.md has no section for %q", a.Name, a.Annotations["runbook"])
		}
	}
}

// anchorOf is GitHub's: lower case, spaces to hyphens, no punctuation.
func anchorOf(heading string) string {
	heading = strings.ReplaceAll(strings.ToLower(heading), " ", "-")
	return regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(heading, "")
}

// names finds the metrics that an expression reads, histograms by their own
// name.
func names(expr string) []string {
	found := regexp.MustCompile(`\bhookdrill_[a-z0-9_]+`).FindAllString(expr, -1)
	for i, name := range found {
		found[i] = strings.TrimSuffix(name, "_bucket")
	}
	return found
}

// TestRulesReadMetricsThatExist holds the rules against a receiver that runs.
func TestRulesReadMetricsThatExist(t *testing.T) {
	t.Parallel()
	exported := append(ofReceiver(t), ofPostgres(t)...)
	for _, a := range all(t) {
		read := names(a.Expr)
		if len(read) == 0 {
			t.Errorf("%s reads no metric", a.Name)
		}
		for _, name := range read {
			if !slices.Contains(exported, name) {
				t.Errorf("%s reads %s, which nobody exports", a.Name, name)
			}
		}
	}
}

// ofReceiver are the metrics of a receiver that runs on SQLite.
func ofReceiver(t *testing.T) []string {
	t.Helper()
	store, err := sqlitestore.Open(t.Context(), filepath.Join(t.TempDir(), "events.db"))
	if err != nil {
		t.Fatal(err)
	}
	metrics := reference.NewMetrics("test")
	r, err := reference.New(reference.Config{Keys: []string{"whsec_key"}, Store: store, Metrics: metrics})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	<-r.Ready()
	families, err := metrics.Gatherer().Gather()
	stop()
	if rerr := <-done; err != nil || rerr != nil {
		t.Fatal(err, rerr)
	}
	var exported []string
	for _, family := range families {
		exported = append(exported, family.GetName())
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "hookdrill_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	return exported
}

// ofPostgres are the metrics of the store on Postgres, read from its source:
// this test must run where there is no database.
func ofPostgres(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "pgstore", "metrics.go"))
	if err != nil {
		t.Fatal(err)
	}
	var exported []string
	for _, found := range regexp.MustCompile(`(?:desc\(|ns ?\+ ?)"([a-z_]+)"`).FindAllSubmatch(source, -1) {
		exported = append(exported, "hookdrill_receiver_"+string(found[1]))
	}
	return exported
}
