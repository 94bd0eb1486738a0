package repeat

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/testtool"
	"hookdrill/mockclaude"
	"hookdrill/scenarios"
)

const testKey = `whsec_c2VjcmV0LXdpdGgtc3BlY2lhbHM= $'"\x`

// TestCurlSendsTheSame runs the curl command of one delivery of each kind that
// the built-in scenarios hold, and compares what arrives with what hookdrill
// sends.
func TestCurlSendsTheSame(t *testing.T) {
	t.Parallel()
	testtool.Need(t, "bash", "curl", "openssl", "date", "cut")
	c := claude(t)
	arrived := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- describe(r)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	target := parse(t, server.URL+"/hook?x=[1]")
	sender, err := mockclaude.NewSender(mockclaude.SenderConfig{Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(testKey)}})
	if err != nil {
		t.Fatal(err)
	}
	defer sender.Close()
	r := Run{Target: target, Contract: c}
	kinds := map[string]bool{}
	for _, one := range everyCase(t, c) {
		for _, d := range one.Deliveries() {
			at := time.Now()
			curl := r.Curl(d, at)
			kind := fmt.Sprint(d.Method, d.Query, d.Header, d.Drop, d.Sign, d.After != nil, one.Requirement)
			if curl == "" || d.Shape.Kind != "" || kinds[kind] {
				continue
			}
			kinds[kind] = true
			if strings.Contains(curl, testKey) {
				t.Errorf("%s: the key is in the command", one.ID)
			}
			want, got := inOneSecond(func() string {
				if e := sender.Send(t.Context(), d.Delivery); e.Status != http.StatusNoContent {
					t.Fatalf("%s: %s %s", one.ID, e.Err, e.ErrText)
				}
				return <-arrived
			}, func() string { return bash(t, curl, arrived) })
			if got != want {
				t.Errorf("%s: hookdrill sends\n%s\nand curl\n%s\nby\n%s", one.ID, want, got, curl)
			}
		}
	}
	if len(kinds) < 40 {
		t.Errorf("only %d kinds of deliveries were compared", len(kinds))
	}
}

// inOneSecond returns what two senders send within the same second: the moment
// of sending is in what they sign, and a part of a signature cannot be masked.
// It gives up after a number of tries and returns the last.
func inOneSecond(a, b func() string) (fromA, fromB string) {
	for range 20 {
		began := time.Now().Unix()
		fromA, fromB = a(), b()
		if fromA == fromB || time.Now().Unix() == began {
			break
		}
	}
	return fromA, fromB
}

// bash runs a command and returns what arrived.
func bash(t *testing.T, command string, arrived <-chan string, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", command)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "CLAUDE_WEBHOOK_KEY=" + testKey}
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	select {
	case got := <-arrived:
		if err != nil {
			got += fmt.Sprintf("(curl ends with %v: %s)", err, out)
		}
		return got
	default:
		return fmt.Sprintf("nothing: %v: %s", err, out)
	}
}

// describe writes down what a receiver looks at, with what the moment of
// sending decides replaced.
func describe(r *http.Request) string {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err.Error()
	}
	m := hmac.New(sha256.New, []byte(testKey))
	m.Write(body)
	right := hex.EncodeToString(m.Sum(nil))
	var header []string
	for name, values := range r.Header {
		if slices.Contains([]string{"User-Agent", "Accept", "Content-Length", "Accept-Encoding"}, name) {
			continue
		}
		for _, v := range values {
			header = append(header, name+": "+strings.ReplaceAll(v, right, "RIGHT"))
		}
	}
	slices.Sort(header)
	text := r.Method + " " + r.URL.String() + "\n" + strings.Join(header, "\n") + "\n\n"
	text += regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`).ReplaceAllString(string(body), "MOMENT")
	// A signature that is wrong on purpose depends on the moment too.
	return regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(text, "WRONG")
}

func everyCase(t *testing.T, c *contract.Contract) []*plan.Case {
	t.Helper()
	requirements, err := contract.Requirements()
	if err != nil {
		t.Fatal(err)
	}
	all, err := scenarios.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.Build(plan.Input{Contract: c, Requirements: requirements, Scenarios: all, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return p.Cases
}
