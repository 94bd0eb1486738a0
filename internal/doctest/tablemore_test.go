package doctest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func mock() page {
	return page{
		needs: []string{"command -v curl", "command -v jq"},
		steps: []step{
			{find: "/api/v1/agents/tasks", then: delivered},
			{find: `{"type":"about:blank"`, block: func(s *session, b Block) {
				out := s.must(nil, `curl -s -H 'Content-Type: application/json' -d '{"outcome":"won"}' http://127.0.0.1:`+s.ports["8474"]+`/api/v1/agents/tasks`)
				if err := Compare(b.Lines, out); err != nil {
					s.t.Errorf("line %d: %v", b.Line, err)
				}
			}},
			{find: "/api/attempts", before: func(s *session) {
				s.must(nil, `curl -s -H 'Content-Type: application/json' -d '{"fault":"drop"}' http://127.0.0.1:`+s.ports["8475"]+`/api/faults
					curl -s -H 'Content-Type: application/json' -d '{}' http://127.0.0.1:`+s.ports["8474"]+`/api/v1/agents/tasks
					until curl -s 'http://127.0.0.1:`+s.ports["8475"]+`/api/attempts?failed=true' | jq -e '.attempts[0].next_wait_s' >/dev/null; do read -rt 0.1 <> <(:) || true; done`)
			}},
		},
	}
}

func faults() page {
	inject := func(s *session, b Block) {
		s.must(nil, "curl -s --fail-with-body -H 'Content-Type: application/json' -d '"+strings.TrimSpace(b.Text())+"' http://127.0.0.1:"+s.ports["8475"]+"/api/faults")
	}
	return page{
		needs: []string{"command -v curl", "command -v go"},
		setup: bundled,
		steps: []step{
			{find: "title: The second failure", write: "mine.yaml", early: true},
			{find: "-d '{\"fault\":\"drop\"}'"},
			{find: "title: One attempt in ten", write: "soak.yaml", block: func(s *session, _ Block) {
				s.hookdrill("mock", nil, "hookdrill mock --faults ./soak.yaml", "")
			}},
			{find: `^{"fault":`, all: true, block: inject},
			{find: "// hiccup", block: func(s *session, b Block) {
				code := `package faults

import (
	"math/rand/v2"
	"time"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

var _ = Kind{"hiccup", "of the page", newHiccup}

` + b.Text()
				s.write("hiccup.go", []byte(code))
				overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(s.dir, "mockclaude/faults/hiccup.go"): filepath.Join(s.dir, "hiccup.go")}})
				if err != nil {
					s.t.Fatal(err)
				}
				s.write("overlay.json", overlay)
				s.must(nil, "go build -trimpath -overlay overlay.json ./mockclaude/faults")
			}},
		},
	}
}

func receiver() page {
	send := func(s *session, _ string) {
		s.must(nil, "hookdrill send --target http://127.0.0.1:"+s.ports["8080"]+"/webhooks/claude")
	}
	return page{steps: []step{
		{find: "^hookdrill receiver  ", then: send},
		{find: "hookdrill receiver  ", then: send},
		{find: "--mode queue", then: send},
	}}
}

// reports has the reports of a receiver that compares a signature only as far as it goes, and of the bundled one.
func reports() page {
	return page{
		needs: []string{"command -v jq"},
		setup: func(s *session) {
			bundled(s)
			s.must([]string{"HOOKDRILL_ONLY=SIG", "HOOKDRILL_OUT=express/out"}, "hookdrill conformance --target "+s.url)
			s.stop("hookdrill receiver")
			s.url = prefixes(s)
			if _, code := s.run([]string{"HOOKDRILL_ONLY=SIG"}, "hookdrill conformance --target "+s.url); code != 1 {
				s.t.Fatalf("exit code %d", code)
			}
			if _, code := s.run(short(), "hookdrill loadtest --target "+s.url); code != 0 && code != 1 && code != 3 {
				s.t.Fatalf("exit code %d", code)
			}
			s.must(nil, `mkdir -p yesterday old flask/out baseline
				cp out/conformance/report.json yesterday; cp express/out/conformance/report.json old
				cp -r out/conformance flask/out; cp -r out/loadtest baseline`)
		},
		steps: []step{
			{find: "^jq ", then: func(s *session, out string) {
				if !strings.HasPrefix(out, "SIG-06\n") { // SIG-07 by chance: one character of sixteen is the right one
					s.t.Errorf("the failures are %q", out)
				}
			}},
			{find: "--with out/loadtest", then: contains("launch.html", "load test")},
			{find: "conformance --repeat", codes: []int{1}, then: func(s *session, out string) {
				if !strings.Contains(out, "failed") {
					s.t.Errorf("%s", out)
				}
			}},
			{find: "^hookdrill report show out/conformance$", then: says("SIG-06")},
			{find: "--out report.html", then: contains("report.html", "SIG-06")},
			{find: "report explain", then: says("SIG-03")},
			{find: "report diff yesterday", then: says("No check changed")},
			{find: "report matrix flask", then: says("SIG-06")},
			{find: "report matrix before=", then: contains("matrix.html", "SIG-06")},
			{find: "--fail-if-slower", codes: []int{3}, before: func(s *session) {
				loads(s, "baseline/loadtest/report.json", 0.58, 1.32, func(block int) (usual, slow int64) { return 570 + 20*int64(block%2), 1320 })
				loads(s, "out/loadtest/report.json", 0.59, 1.91, func(block int) (usual, slow int64) { return 560 + 45*int64(block%2), 1340 + 600*int64(block%2) })
			}},
		},
	}
}

// loads gives a report of a load test ten seconds of latencies, in µs: most are the usual ones, one in fifty is slow.
func loads(s *session, name string, p50, p99 float64, latency func(block int) (usual, slow int64)) {
	var report map[string]any
	if err := json.Unmarshal([]byte(s.read(name)), &report); err != nil {
		s.t.Fatal(err)
	}
	load := report["load"].(map[string]any) //nolint:forcetypeassert // or the test panics, as it should
	load["latency_ms"].(map[string]any)["p50"] = p50
	load["latency_ms"].(map[string]any)["p99"] = p99
	var blocks []any
	for i := range 10 {
		h := hdrhistogram.New(1, 60_000_000, 3)
		usual, slow := latency(i)
		accepted := 181 + int64(i%3)
		for n := range accepted {
			value := usual
			if n%50 == 49 {
				value = slow
			}
			if err := h.RecordValue(value); err != nil {
				s.t.Fatal(err)
			}
		}
		text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
		if err != nil {
			s.t.Fatal(err)
		}
		blocks = append(blocks, map[string]any{"from_ms": i * 1000, "to_ms": (i + 1) * 1000, "accepted": accepted, "latency": string(text)})
	}
	load["blocks"] = blocks
	data, err := json.Marshal(report)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, data)
}

// says wants a word in what a command printed.
func says(word string) func(*session, string) {
	return func(s *session, out string) {
		if !strings.Contains(out, word) {
			s.t.Errorf("no %s in\n%s", word, out)
		}
	}
}

// contains wants a word in a file that a command wrote.
func contains(file, word string) func(*session, string) {
	return func(s *session, _ string) {
		if !strings.Contains(strings.ToLower(s.read(file)), strings.ToLower(word)) {
			s.t.Errorf("no %s in %s", word, file)
		}
	}
}

func scenarios() page {
	return page{steps: []step{
		{find: "# my-scenarios/pay.yaml", write: "my-scenarios/pay.yaml", early: true},
		{find: "# my-scenarios/idem.yaml", write: "my-scenarios/idem.yaml", early: true},
	}}
}

func vectors() page {
	const test = "vectors/docs_test.go TestTheExamplesOfTheDocumentation"
	return page{steps: []step{{find: "```go", held: test}, {find: "```python", held: test}, {find: "```js", held: test}}}
}

// thin puts the reference receiver where a page has app.py, as one that fetches what events are about.
func thin(s *session) {
	s.write("app.py", []byte(`import os
os.execvp("hookdrill", ["hookdrill", "receiver", "--contract", "claude-managed-agents", "--path", "/webhooks/claude", "--data", os.environ["DB"]])
`))
}

func witness() page {
	return page{
		needs: []string{"command -v python3"},
		setup: func(s *session) {
			thin(s)
			s.write("my-receiver", []byte("#!/bin/sh\nexec python3 app.py\n"))
			if err := os.Chmod(filepath.Join(s.dir, "my-receiver"), 0o755); err != nil { //nolint:gosec // a program
				s.t.Fatal(err)
			}
			s.ports["8475"] = freePort(s.t)
			s.env = append(s.env, "TEST_API_KEY=sk-made-up-for-the-purpose", "ANTHROPIC_WEBHOOK_SIGNING_KEY=whsec_bWFkZSB1cCBmb3IgdGhlIHB1cnBvc2UgbWFkZSB1cA==")
		},
		steps: []step{
			{find: "--exec 'python3 app.py'", env: []string{"HOOKDRILL_ONLY=SIG-01,API-01,API-04"}, then: conformant("observed")},
			{find: "./my-receiver &", app: "my-receiver"},
			{find: "--witness", env: []string{"HOOKDRILL_ONLY=SIG-01,API-01,API-04"}, then: conformant("observed")},
		},
	}
}

// example is the README of an example: its receiver runs, and takes an event.
func example(name, command, need string) page {
	judged := "^export PROBE_TOKEN"
	if name == "go" {
		judged = "^go build -o bin/receiver"
	}
	return page{
		needs: []string{need},
		steps: []step{
			{find: command, app: name, then: func(s *session, _ string) {
				s.must(nil, "hookdrill send --target http://127.0.0.1:"+s.ports["8080"]+"/webhooks/claude")
			}},
			{find: judged, held: "examples/examples_test.go TestExamples"},
		},
	}
}

func firstRun() page {
	const only = "HOOKDRILL_ONLY=RAW-02,IDEM-02"
	return page{
		needs: []string{havePython},
		steps: []step{
			{find: "receiver.py &", app: "receiver.py", then: func(s *session, _ string) {
				at := "http://127.0.0.1:" + s.ports["8080"]
				s.swaps = [][2]string{{"--target …", "--target " + at + "/webhooks/claude"}, {"--observe …", "--observe " + at + "/observe"}}
			}},
			{find: "^make conformance", env: []string{only}, codes: []int{2}, then: says("50 copies first round")},
			{find: "--only 'IDEM-02/50 copies first round'", codes: []int{1}, then: func(s *session, _ string) {
				s.app("receiver.py", []string{"FIXED=raw,race"}, "python3 examples/first-run/receiver.py")
				at := "http://127.0.0.1:" + s.ports["8080"]
				out := s.must(nil, "hookdrill conformance --target "+at+"/webhooks/claude --observe "+at+"/observe --only 'IDEM-02/50 copies first round'")
				if !strings.Contains(out, "✓ CONFORMANT") || !strings.Contains(out, "It is a selection") {
					s.t.Errorf("%s", out)
				}
			}},
		},
	}
}

// failure is the page of a failure scenario, of which one requirement is carried out.
func failure(only string) page {
	return page{
		needs: []string{havePython},
		setup: func(s *session) {
			python(s)
			bundled(s)
			s.swaps = [][2]string{{"--observe URL", "--observe http://127.0.0.1:" + s.ports["8080"] + "/probe"}}
		},
		steps: []step{{find: "hookdrill conformance --scenario", before: func(s *session) {
			// --scenario and --only exclude each other.
			found, err := filepath.Glob(filepath.Join(root, "docs/requirements/*-*.md"))
			if err != nil {
				s.t.Fatal(err)
			}
			var others []string
			for _, path := range found {
				if id := strings.TrimSuffix(filepath.Base(path), ".md"); id != only && !strings.HasPrefix(id, "LOAD-") {
					others = append(others, id)
				}
			}
			s.env = append(s.env, "HOOKDRILL_SKIP="+strings.Join(others, ","))
		}, then: says("✓ CONFORMANT")}},
	}
}

// drilltest makes a module of a project's own, by the page's commands, with the page's test in it. Against a handler
// that looks at no signature it prints what the page shows; against a right one it passes and leaves nothing behind.
func drilltest() page {
	return page{
		needs: []string{"command -v go"},
		setup: func(s *session) {
			s.write("../project/go.mod", []byte("module example.com/project\n\ngo 1.26\n"))
			s.copy("go.sum", "../project/go.sum") // or the checksum database would be asked
		},
		steps: []step{
			{find: "```go", write: "page/test", early: true},
			{find: "--- FAIL: TestWebhooks", write: "page/output", early: true},
			{find: "goleak.IgnoreAnyFunction", write: "page/goleak", early: true},
			{find: "go mod edit", before: func(s *session) { s.must(nil, "cd ../project") }, then: func(s *session, _ string) {
				code, err := os.ReadFile("testdata/project_test.go.txt")
				if err != nil {
					s.t.Fatal(err)
				}
				s.must(nil, "cd ../project && go list hookdrill/drilltest && cd ../hookdrill")
				// Built within hookdrill's module, of which everything has been compiled already.
				s.write("project/project_test.go", []byte(strings.NewReplacer("\tGOLEAK\n", "\t\t"+strings.TrimSpace(s.read("page/goleak"))+",\n").Replace(string(code))+"\n"+s.read("page/test")))
				s.must(nil, "go test -trimpath -c -o project.test ./project")
				out, exit := s.run([]string{"DEFECT=signature"}, "./project.test -test.v -test.run TestWebhooks")
				_, results, _ := strings.Cut(out, "\n--- FAIL")
				if exit == 0 {
					s.t.Errorf("a handler that looks at no signature passes\n%s", out)
				}
				if err := Compare(strings.Split(s.read("page/output"), "\n"), indented("--- FAIL"+results)); err != nil {
					s.t.Error(err)
				}
				s.must(nil, "./project.test -test.run TestWebhooks")
			}},
		},
	}
}

// indented is the lines of results, without what the tests log.
func indented(out string) string {
	return strings.Join(regexp.MustCompile(`(?m)^ *--- .*$`).FindAllString(out, -1), "\n")
}
