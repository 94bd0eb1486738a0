package doctest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/observe"
)

// pages says what is special about a page. Where a page has a placeholder for a receiver, it is the bundled one, or
// the one that an example of the repository is.
func pages() map[string]page {
	return map[string]page{
		"README.md":                               readme(),
		"CONTRIBUTING.md":                         contributing(),
		"docs/baseline.md":                        baseline(),
		"docs/ci.md":                              ci(),
		"docs/contracts.md":                       contracts(),
		"docs/drills.md":                          drills(),
		"docs/drilltest.md":                       drilltest(),
		"docs/faults.md":                          faults(),
		"docs/loadtest.md":                        loadtest(),
		"docs/mock.md":                            mock(),
		"docs/observation.md":                     observation(),
		"docs/performance.md":                     {steps: []step{{find: "make bench-receiver", never: "measures for minutes, on a machine that does nothing else"}}},
		"docs/probe.md":                           probe(),
		"docs/receiver.md":                        receiver(),
		"docs/reports.md":                         reports(),
		"docs/runbook.md":                         {steps: []step{{find: "```sql", held: "reference/pgstore/runbook_test.go TestRunbookStatements"}}},
		"docs/scenarios.md":                       scenarios(),
		"docs/vectors.md":                         vectors(),
		"docs/witness.md":                         witness(),
		"examples/express/README.md":              example("express", "node app.js", `node -e 'require("express"); require("pg")'`),
		"examples/fastapi/README.md":              example("fastapi", "python3 app.py", "python3 -c 'import fastapi, uvicorn'"),
		"examples/flask/README.md":                example("flask", "gunicorn app:app", "python3 -c 'import flask' && command -v gunicorn"),
		"examples/go/README.md":                   example("go", "go run ./examples/go", "command -v go"),
		"examples/first-run/README.md":            firstRun(),
		"docs/scenarios/signature-bypass.md":      failure("SIG-02"),
		"docs/scenarios/clock-skew-and-replay.md": failure("RPL-01"),
		"docs/scenarios/connection-exhaustion.md": failure("IDEM-02"),
		"docs/scenarios/duplicate-processing.md":  failure("IDEM-10"),
		"docs/scenarios/endpoint-timeout.md":      failure("RTY-03"),
		"docs/scenarios/silent-failure.md":        failure("DUR-02"),
	}
}

// bundled starts the reference receiver, with a probe and a log.
func bundled(s *session) {
	s.t.Helper()
	s.hookdrill("receiver", nil, "hookdrill receiver --probe --data fixture.db", "receiver.log")
	s.url = "http://127.0.0.1:" + s.ports["8080"] + "/webhooks/claude"
}

// python puts a receiver where a page has app.py; it keeps its events in $DB.
func python(s *session) {
	s.t.Helper()
	s.copy("zoo/drills/receiver.py", "app.py")
}

const havePython = "python3 -c 'import sqlite3'"

// tested wants a report of a load test at a rate. Whether the machine bore the rate in time is not asked: nothing
// may be lost or twice, no forgery accepted, and the rate has to be the one that the page says.
func tested(rate float64) func(*session, string) {
	return func(s *session, out string) {
		s.t.Helper()
		var report struct {
			Verdict string
			Load    *struct {
				AskedRPS   float64 `json:"asked_rps"`
				Sent       int
				Duplicates int
				Lost       int
				Classes    map[string]struct{ Accepted int }
			}
		}
		if err := json.Unmarshal([]byte(s.read("out/loadtest/report.json")), &report); err != nil {
			s.t.Fatal(err)
		}
		if l := report.Load; report.Verdict == "error" || l == nil || rate > 0 && l.AskedRPS != rate || l.Sent == 0 || l.Lost+l.Duplicates+l.Classes["forged"].Accepted > 0 {
			s.t.Errorf("verdict %s, load %+v\n%s", report.Verdict, l, out)
		}
		if err := os.RemoveAll(filepath.Join(s.dir, "out", "loadtest")); err != nil {
			s.t.Fatal(err)
		}
	}
}

// conformant wants a report that says so, of a level.
func conformant(level string) func(*session, string) {
	return func(s *session, out string) {
		s.t.Helper()
		var report struct {
			Verdict, Level string
			Counts         map[string]int
		}
		if err := json.Unmarshal([]byte(s.read("out/conformance/report.json")), &report); err != nil {
			s.t.Fatal(err)
		}
		if report.Verdict != "conformant" || report.Level != level || report.Counts["pass"] == 0 {
			s.t.Errorf("%+v\n%s", report, out)
		}
	}
}

// short is a load test of a second.
func short() []string {
	return []string{"HOOKDRILL_DURATION=1s", "HOOKDRILL_WARMUP=0s", "HOOKDRILL_FORGERIES=0s", "HOOKDRILL_TIMEOUT=30s"}
}

func readme() page {
	const stripe = "whsec_c3RyaXBlIHN0cmlwZSBzdHJpcGUgc3RyaXBlIQ=="
	return page{
		needs: []string{havePython},
		setup: func(s *session) {
			s.env = append(s.env, "MY_KEY="+testKey, "STRIPE_WEBHOOK_SECRET="+stripe)
			s.launch("hookdrill receiver of Stripe", []string{"HOOKDRILL_LISTEN=127.0.0.1:0"}, "hookdrill receiver --contract stripe --data stripe.db", "")
			of := s.runs["hookdrill receiver of Stripe"]
			s.says(of, "store")
			at := regexp.MustCompile(`webhooks: (\S+)`).FindStringSubmatch(of.out.String())
			s.swaps = [][2]string{
				{"http://127.0.0.1:8080/webhooks/stripe", at[1]},
				{"'SELECT …'", `'SELECT webhook_text(event_id), count(*)::int FROM webhook_audit_log WHERE event_id IN (SELECT convert_to(id, $$UTF8$$) FROM unnest($1::text[]) id) GROUP BY 1'`},
				{"DURATION=30s", "DURATION=1s"},
			}
			s.hookdrill("receiver", []string{"DATABASE_URL=" + s.database()}, "hookdrill receiver --probe", "receiver.log")
			s.url = "http://127.0.0.1:" + s.ports["8080"] + "/webhooks/claude"
			python(s)
		},
		steps: []step{
			{find: "^make conformance$", then: conformant("observed")},
			{find: "^make conformance TARGET=http://127.0.0.1:8080/webhooks/claude$", env: []string{"HOOKDRILL_ONLY=SIG-03"}, then: conformant("wire")},
			{find: "KEY_ENV=MY_KEY OBSERVE=", env: []string{"HOOKDRILL_ONLY=SIG-03,IDEM-01"}, then: conformant("observed")},
			{find: "--observe-sql", env: []string{"HOOKDRILL_ONLY=IDEM-01,OBS-01"}, then: conformant("observed")},
			{find: "CONTRACT=stripe", env: []string{"HOOKDRILL_ONLY=SIG-03"}, then: conformant("wire")},
			{find: "EXEC='python3 app.py'", env: []string{"HOOKDRILL_ONLY=SIG-03,IDEM-10"}, then: conformant("managed")},
			{find: "make loadtest  ", env: append(short(), "DATABASE_URL=postgres://…"), slow: 2, then: tested(100)},
			{find: "RATE=500 DURATION=30s", env: short(), slow: 2, then: tested(500)},
			{find: "curl ", then: delivered},
			{find: "target: http://127.0.0.1:8080", write: "hookdrill.yaml", before: func(s *session) {
				s.hookdrill("receiver", nil, "hookdrill receiver --probe --data yaml.db", "")
			}, block: func(s *session, _ Block) {
				s.must([]string{"HOOKDRILL_QUICK=true", "CLAUDE_WEBHOOK_KEY="}, "hookdrill conformance")
				conformant("observed")(s, "")
				if out := s.must(nil, `jq -r '.checks[].family' out/conformance/report.json | sort -u | tr '\n' ' '`); out != "IDEM RAW SIG " {
					s.t.Errorf("families %s", out)
				}
			}},
			{find: "^make test$", never: "these tests are part of it"},
		},
	}
}

// delivered waits for a task's webhook to arrive, in the history of the mock.
func delivered(s *session, task string) {
	s.t.Helper()
	s.must(nil, `for _ in {1..600}; do
	if curl -s --fail-with-body 'http://127.0.0.1:`+s.ports["8475"]+`/api/deliveries' | jq -e '.deliveries | length > 0 and all(.state == "delivered")' >/dev/null; then exit 0; fi
	read -rt 0.1 <> <(:) || true
done; exit 1`)
	if !strings.Contains(task, `"task_id":"task_`) {
		s.t.Errorf("no task: %s", task)
	}
}

func contributing() page {
	return page{steps: []step{
		{find: "make test ", never: "these tests are part of it"},
		{find: "make lint ", never: "fetches the pinned linter; CI runs it"},
		{find: ".ci/run ", never: "these tests are part of it"},
	}}
}

// baseline has a receiver that compares a signature only as far as it goes. When the entries of the page expire is moved
// into the next year: the page would be out of date on some day otherwise.
func baseline() page {
	return page{
		setup: func(s *session) { s.url = prefixes(s) },
		steps: []step{
			{find: "--update-baseline", env: []string{"HOOKDRILL_ONLY=SIG-03,SIG-06"}, codes: []int{1}, then: func(s *session, _ string) {
				text := s.read("known.yaml")
				if !strings.Contains(text, "SIG-06/cut to half") || strings.Contains(text, "SIG-03") {
					s.t.Errorf("known.yaml:\n%s", text)
				}
				out, code := s.run([]string{"HOOKDRILL_ONLY=SIG-03,SIG-06"}, "hookdrill conformance --target "+s.url+" --baseline known.yaml")
				if code != 2 || !strings.Contains(out, "reason") {
					s.t.Errorf("entries without a reason: exit code %d\n%s", code, out)
				}
				s.write("known.yaml", []byte(regexp.MustCompile(`reason: *("")?`).ReplaceAllString(text, "reason: known")))
			}},
			{find: "--baseline known.yaml  ", env: []string{"HOOKDRILL_ONLY=SIG-03,SIG-06"}, then: func(s *session, out string) {
				if _, code := s.run([]string{"HOOKDRILL_ONLY=SIG-03,SIG-06"}, "hookdrill conformance --target "+s.url); code != 1 {
					s.t.Errorf("without the baseline: exit code %d", code)
				}
				if !strings.Contains(s.read("out/conformance/report.json"), `"verdict": "nonconformant"`) && !strings.Contains(s.read("out/conformance/report.json"), `"verdict":"nonconformant"`) {
					s.t.Errorf("a run that passes by its baseline is called conformant\n%s", out)
				}
			}},
			{find: "known:", block: func(s *session, b Block) {
				year := time.Now().UTC().Year() + 1
				s.write("page.yaml", []byte(regexp.MustCompile(`expires: \d{4}`).ReplaceAllString(b.Text(), fmt.Sprint("expires: ", year))))
				s.must([]string{"HOOKDRILL_ONLY=SIG-03"}, "hookdrill conformance --target "+s.url+" --baseline page.yaml")
				// What is listed and passes is stale: the entries are read, each of them.
				out, code := s.run([]string{"HOOKDRILL_ONLY=SIG-07,TIME-01"}, "hookdrill conformance --target "+s.url+" --baseline page.yaml")
				if code != 1 || !strings.Contains(out, "SIG-07") || !strings.Contains(out, "stale") {
					s.t.Errorf("exit code %d\n%s", code, out)
				}
			}},
		},
	}
}

func ci() page {
	return page{steps: []step{
		{find: "```yaml github", held: "cmd/hookdrill/ci_test.go TestGateForGitHub"},
		{find: "```yaml gitlab", held: "cmd/hookdrill/ci_test.go TestGateForGitLab"},
		{find: "```make make", held: "cmd/hookdrill/ci_test.go TestGateForMake"},
		{find: "docker run", never: "needs the image, which .ci/run builds and runs"},
	}}
}

func contracts() page {
	return page{
		setup: func(s *session) {
			s.env = append(s.env, "GITHUB_WEBHOOK_SECRET=It's a Secret to Everybody", "ACME_SECRET=acme-secret-acme", "MY_WEBHOOK_SECRET=my-secret-my-secret")
			s.hookdrill("receiver", nil, "hookdrill receiver --contract github --data github.db", "")
			s.url = regexp.MustCompile(`webhooks: (\S+)`).FindStringSubmatch(s.runs["hookdrill receiver"].out.String())[1]
		},
		steps: []step{
			{find: "^name: acme$", write: "acme.yaml", block: func(s *session, _ Block) {
				if out := s.must(nil, "hookdrill contracts show acme.yaml"); !strings.Contains(out, "X-Acme-Signature") {
					s.t.Errorf("%s", out)
				}
				s.must(nil, "hookdrill send --contract acme.yaml --target "+acme(s))
				if out, code := s.run(nil, "hookdrill send --contract acme.yaml --wrong-key --target "+acme(s)); code != 1 {
					s.t.Errorf("with a wrong key: exit code %d\n%s", code, out)
				}
			}},
		},
	}
}

// acme verifies what the page's contract says that Acme sends, as a receiver of it would.
func acme(s *session) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		given := regexp.MustCompile(`^ts=([0-9]+);sig=(.+)$`).FindStringSubmatch(r.Header.Get("X-Acme-Signature"))
		if err != nil || given == nil || r.URL.Path != "/hooks/acme" || r.Header.Get("X-Acme-Topic") != "thing.made" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		mac := hmac.New(sha256.New, []byte("acme-secret-acme"))
		_, _ = io.WriteString(mac, given[1]+"."+r.Header.Get("X-Acme-Message")+"."+string(body))
		if base64.StdEncoding.EncodeToString(mac.Sum(nil)) != given[2] {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	s.t.Cleanup(server.Close)
	return server.URL + "/hooks/acme"
}

// prefixes is a receiver that takes every signature that the right one begins with.
func prefixes(s *session) string {
	var mu sync.Mutex
	effects := map[string]int{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /probe", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		type effect struct {
			Processed int `json:"processed"`
		}
		events := map[string]effect{}
		for _, id := range r.URL.Query()["id"] {
			events[id] = effect{effects[id]}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"events": events})
	})
	mux.HandleFunc("POST /webhooks/claude", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
		mac := hmac.New(sha256.New, []byte(testKey))
		_, _ = mac.Write(body)
		given := r.Header.Get("X-Claude-Signature")
		var event struct {
			ID        string
			Timestamp time.Time
		}
		switch {
		case err != nil:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		case given == "" || !strings.HasPrefix(hex.EncodeToString(mac.Sum(nil)), given):
			w.WriteHeader(http.StatusUnauthorized)
		case json.Unmarshal(body, &event) != nil || event.ID == "" || time.Since(event.Timestamp).Abs() > 5*time.Minute:
			w.WriteHeader(http.StatusBadRequest)
		default:
			mu.Lock()
			defer mu.Unlock()
			effects[event.ID] = 1
		}
	})
	server := httptest.NewServer(mux)
	s.t.Cleanup(server.Close)
	u, err := url.Parse(server.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	s.ports["8080"] = u.Port()
	return server.URL + "/webhooks/claude"
}

// drills has commands that start, stop and kill a receiver, in place of those that a test has not.
func drills() page {
	return page{
		needs: []string{havePython},
		setup: func(s *session) {
			python(s)
			for _, as := range []string{"docker", "sudo"} {
				s.write("bin/"+as, []byte(`#!/bin/bash
# Stands for `+as+`, and does with app.py what that would do with the service app.
case "$*" in
"compose start app" | "systemctl start app")
	PORT=`+"$OPERATED"+` nohup python3 app.py >/dev/null 2>&1 & echo $! >app.pid
	until (: </dev/tcp/127.0.0.1/$OPERATED) 2>/dev/null; do read -rt 0.05 <> <(:) || true; done ;;
"compose stop -t 30 app" | "systemctl stop app") kill "$(cat app.pid)" 2>/dev/null && tail -f --pid="$(cat app.pid)" /dev/null || true ;;
"compose kill app" | "systemctl kill --signal=SIGKILL app") kill -KILL "$(cat app.pid)" && tail -f --pid="$(cat app.pid)" /dev/null ;;
*) echo "unknown: $*" >&2; exit 1 ;;
esac
`))
				if err := os.Chmod(filepath.Join(s.dir, "bin", as), 0o755); err != nil { //nolint:gosec // a program
					s.t.Fatal(err)
				}
			}
			s.ports["8080"] = freePort(s.t)
			s.env = append(s.env, "OPERATED="+s.ports["8080"])
		},
		steps: []step{
			{find: "^hookdrill conformance --exec 'python3 app.py'", env: []string{"HOOKDRILL_ONLY=SIG-03,IDEM-10"}, then: conformant("managed")},
			{find: "^make conformance EXEC=", env: []string{"HOOKDRILL_ONLY=SIG-03"}, then: conformant("managed")},
			{find: "docker compose kill", env: []string{"HOOKDRILL_ONLY=IDEM-10,DUR-01"}, then: conformant("managed")},
			{find: "sudo systemctl kill", env: []string{"HOOKDRILL_ONLY=IDEM-10"}, then: conformant("managed")},
		},
	}
}

func loadtest() page {
	return page{
		needs: []string{"docker version"},
		setup: func(s *session) {
			bundled(s)
			s.swaps = [][2]string{{"DURATION=30s", "DURATION=1s"}, {"duration: 30s", "duration: 500ms"}, {"duration: 1m", "duration: 1s"}}
		},
		steps: []step{
			{find: "^make loadtest$", env: []string{"HOOKDRILL_DURATION=2s", "HOOKDRILL_WARMUP=1s", "HOOKDRILL_FORGERIES=1s", "HOOKDRILL_TIMEOUT=30s"}, slow: 2, then: tested(100)},
			{find: "RATE=500", env: short(), slow: 2, then: tested(500)},
			{find: "# stages.yaml", write: "stages.yaml", early: true},
			{find: "--profile stages.yaml", env: []string{"HOOKDRILL_WARMUP=0s", "HOOKDRILL_FORGERIES=0s", "HOOKDRILL_TIMEOUT=30s"}, codes: []int{0, 1, 3}, then: tested(0)},
			{find: "--find-max", env: append(short(), "HOOKDRILL_STEP=1s", "HOOKDRILL_MAX_RATE=200"), slow: 2, then: tested(0)},
		},
	}
}

func probe() page {
	return page{
		needs: []string{"python3 -c 'import fastapi, uvicorn'"},
		setup: probed,
		steps: []step{
			{find: "```python", held: "examples/examples_test.go TestProbePage"},
			{find: "```js", held: "examples/examples_test.go TestProbePage"},
			{find: "```go", held: "examples/examples_test.go TestProbePage"},
			{find: "--observe-header", env: []string{"HOOKDRILL_ONLY=SIG-03,IDEM-01"}, then: conformant("observed")},
			{find: "curl ", then: nothingSeen},
		},
	}
}

// probed starts an example that has a probe with a token.
func probed(s *session) {
	s.env = append(s.env, "PROBE_TOKEN=probe-token")
	s.app("app.py", nil, "cd examples/fastapi; exec python3 app.py")
	s.url = "http://127.0.0.1:" + s.ports["8080"] + "/webhooks/claude"
}

// nothingSeen is what a probe answers about events that nobody sent.
func nothingSeen(s *session, out string) {
	if !strings.Contains(out, `{"events":{}}`) {
		s.t.Errorf("the probe says %s", out)
	}
}

// observation has an example on PostgreSQL, and then one on SQLite. Both keep an audit log; rows of the page's table
// come along with its rows.
func observation() page {
	return page{
		needs: []string{"python3 -c 'import fastapi, uvicorn'", "command -v go"},
		setup: func(s *session) {
			s.env = append(s.env, "PROBE_TOKEN=probe-token", "DB="+filepath.Join(s.dir, "app.db"))
			s.app("receiver in Go", []string{"DATABASE_URL=" + s.database()}, "go run ./examples/go")
			s.url = "http://127.0.0.1:" + s.ports["8080"] + "/webhooks/claude"
		},
		steps: []step{
			{find: "```sql", block: func(s *session, b Block) {
				conn, err := pgx.Connect(s.t.Context(), s.database())
				if err != nil {
					s.t.Fatal(err)
				}
				_, err = conn.Exec(s.t.Context(), b.Text()+`
					CREATE FUNCTION webhook_effect() RETURNS trigger LANGUAGE plpgsql AS
						$$ BEGIN INSERT INTO webhook_effects VALUES (NEW.event_id, NEW.task_id); RETURN NULL; END $$;
					CREATE TRIGGER webhook_effect AFTER INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION webhook_effect()`, pgx.QueryExecModeSimpleProtocol)
				if err := errors.Join(err, conn.Close(s.t.Context())); err != nil {
					s.t.Fatal(err)
				}
			}},
			{find: "```json", block: func(s *session, b Block) {
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, b.Text()) }))
				defer server.Close()
				at, err := url.Parse(server.URL)
				if err != nil {
					s.t.Fatal(err)
				}
				p, err := observe.NewProbe(observe.ProbeConfig{URL: at})
				if err != nil {
					s.t.Fatal(err)
				}
				have, err := p.Effects(s.t.Context(), []string{"a", "b", "c"})
				if err != nil || have["a"].Processed != 1 || have["a"].Status != "completed" || have["b"].Processed != 0 {
					s.t.Errorf("%+v, %v", have, err)
				}
			}},
			{find: "curl ", then: nothingSeen},
			{find: "--observe-sql 'postgres:", with: "hookdrill conformance --target URL \\\n", env: []string{"HOOKDRILL_ONLY=IDEM-01,PAY-12"}, then: conformant("observed")},
			{find: "--observe-sql sqlite:", with: "hookdrill conformance --target URL \\\n", env: []string{"HOOKDRILL_ONLY=IDEM-01,PAY-12"}, before: func(s *session) {
				probed(s)
				s.must(nil, `python3 - <<'PY'
import os, sqlite3
sqlite3.connect(os.environ["DB"]).executescript("""CREATE TABLE webhook_effects (event_id TEXT NOT NULL, task_id TEXT);
	CREATE TRIGGER webhook_effect AFTER INSERT ON audit_log BEGIN INSERT INTO webhook_effects VALUES (NEW.event_id, NEW.task_id); END""")
PY`)
			}, then: conformant("observed")},
		},
	}
}

// overTLS puts a proxy with TLS before the page's receiver, whose certificate the page's commands trust.
func overTLS(s *session) string {
	server := httptest.NewTLSServer(httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "127.0.0.1:" + s.ports["8080"]}))
	s.t.Cleanup(server.Close)
	s.write("ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	s.env = append(s.env, "HOOKDRILL_CA=ca.pem")
	return server.URL
}
