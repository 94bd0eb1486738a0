package reference_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"hookdrill/internal/testtool"
	"hookdrill/reference"
)

type fetched struct {
	code int
	body string
}

func fetch(t *testing.T, c *http.Client, url string) fetched {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{res.StatusCode, string(body)}
}

func TestAdmin(t *testing.T) {
	t.Parallel()
	r, stop := running(t, func(c *reference.Config) { c.AdminAddr = "127.0.0.1:0" })
	c := client(t)
	main := strings.TrimSuffix(r.URL(), path)
	if code, err := send(t, c, r.URL(), event("evt_1")); code != http.StatusOK || err != nil {
		t.Fatalf("%d, %v", code, err)
	}
	for _, test := range []struct {
		url  string
		want int
		says string
	}{
		{r.AdminURL() + "/metrics", 200, `hookdrill_receiver_deliveries_total{outcome="processed"} 1`},
		{r.AdminURL() + "/healthz", 200, "ok"},
		{r.AdminURL() + "/readyz", 200, "ready"},
		{r.AdminURL() + "/debug/pprof/", 200, "goroutine"},
		{r.AdminURL() + "/debug/pprof/heap", 200, ""},
		{r.AdminURL() + path, 404, ""},
		{r.AdminURL() + "/probe?id=evt_1", 404, ""},
		{main + "/healthz", 200, "ok"},
		{main + "/readyz", 200, "ready"},
		{main + "/metrics", 404, ""}, // not for the world
		{main + "/debug/pprof/", 404, ""},
		{main + "/debug/pprof/heap", 404, ""},
	} {
		if got := fetch(t, c, test.url); got.code != test.want || !strings.Contains(got.body, test.says) {
			t.Errorf("GET %s = %d, want %d with %q", test.url, got.code, test.want, test.says)
		}
	}
	checkMetrics(t, fetch(t, c, r.AdminURL()+"/metrics").body)
	if err := stop(); err != nil {
		t.Errorf("Run = %v", err)
	}
}

// checkMetrics has promtool read the metrics' text, where there is a promtool.
func checkMetrics(t *testing.T, text string) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil && !testtool.Required() {
		t.Logf("the metrics' text is not checked: %v", err)
		return
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}

func TestAdminIsOffByDefault(t *testing.T) {
	t.Parallel()
	r, _ := running(t)
	if r.AdminURL() != "" {
		t.Errorf("AdminURL = %s", r.AdminURL())
	}
}
