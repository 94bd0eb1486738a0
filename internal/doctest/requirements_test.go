package doctest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shapes are the commands at the end of the pages of requirements, with the requirement whose page is carried out
// for all that differ from it by nothing but the requirement. The code in three languages is that of internal/fixes, whose
// tests parse it; internal/reqpages holds the pages to it.
func shapes() map[string]string {
	const target = " --target http://127.0.0.1:8080/webhooks/claude"
	return map[string]string{
		"hookdrill conformance" + target + " --only ID":                                                                                                              "SIG-06",
		"hookdrill conformance" + target + " --observe http://127.0.0.1:8080/probe --only ID":                                                                        "IDEM-01",
		"hookdrill conformance" + target + " --log receiver.log --only ID":                                                                                           "OBS-01",
		"hookdrill conformance" + target + " --previous-key-env PREVIOUS_KEY --only ID":                                                                              "SIG-16",
		"hookdrill conformance" + target + " --contract standard-webhooks --only ID":                                                                                 "SIG-20",
		"hookdrill conformance" + target + " --contract slack --only ID":                                                                                             "HTTP-06",
		"hookdrill conformance" + target + " --contract claude-managed-agents --only ID":                                                                             "API-08",
		"hookdrill conformance --contract claude-managed-agents --exec 'python3 app.py' --only ID":                                                                   "API-01",
		"hookdrill conformance --exec 'python3 app.py' --observe 'http://127.0.0.1:{port}/probe' --only ID":                                                          "IDEM-10",
		"export DATABASE_URL=postgres://user@127.0.0.1:5432/test\nhookdrill conformance --exec 'python3 app.py' --observe 'http://127.0.0.1:{port}/probe' --only ID": "DUR-03",
		"hookdrill conformance --target https://example.org/webhooks/claude --only ID":                                                                               "TLS-03",
		"hookdrill loadtest" + target:                                            "LOAD-01",
		"hookdrill loadtest" + target + " --observe http://127.0.0.1:8080/probe": "LOAD-05",
	}
}

// TestRequirementPages reads every page of docs/requirements, and carries out one of each shape.
func TestRequirementPages(t *testing.T) {
	t.Parallel()
	found, err := filepath.Glob(filepath.Join(root, "docs/requirements/*-*.md"))
	if err != nil || len(found) < 100 {
		t.Fatalf("%d pages, %v", len(found), err)
	}
	known, used := shapes(), map[string]bool{}
	for _, path := range found {
		id := strings.TrimSuffix(filepath.Base(path), ".md")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		blocks, err := Blocks(string(text))
		if err != nil {
			t.Fatalf("%s: %v", id, err)
		}
		commands := 0
		for _, b := range blocks {
			if b.Fenced && regexp.MustCompile("^(python|js|go)$").MatchString(b.Info) {
				continue
			}
			commands++
			shape := regexp.MustCompile("--only "+id+"$").ReplaceAllLiteralString(strings.TrimSpace(b.Text()), "--only ID")
			one, ok := known[shape]
			if !ok {
				t.Errorf("%s:%d: no page of this shape is carried out: %s", id, b.Line, shape)
			}
			used[shape] = true
			if one != id {
				continue
			}
			t.Run(id, func(t *testing.T) {
				t.Parallel()
				carryOut(t, "docs/requirements/"+id+".md", string(text), requirement(id))
			})
		}
		if commands != 1 {
			t.Errorf("%s has %d blocks of commands", id, commands)
		}
	}
	for shape := range known {
		if !used[shape] {
			t.Errorf("no page has the shape %s", shape)
		}
	}
}

// requirement is how a page of one is carried out.
func requirement(id string) page {
	const code = "internal/reqpages/main_test.go TestPagesAreUpToDate"
	p := page{steps: []step{{find: "```python", held: code}, {find: "```js", held: code}, {find: "```go", held: code}}}
	last := step{find: "hookdrill ", then: says("✓ CONFORMANT")}
	// other starts a bundled receiver of another contract where the page has the one of claude.
	other := func(contract string, env ...string) func(*session) {
		return func(s *session) {
			s.env = append(s.env, env...)
			s.hookdrill("receiver", nil, "hookdrill receiver --path /webhooks/claude --data other.db --contract "+contract, "")
		}
	}
	switch id {
	case "SIG-16":
		p.setup = func(s *session) {
			s.env = append(s.env, "PREVIOUS_KEY=whsec_cHJldmlvdXMga2V5IG9mIHRoZSBwYWdl")
			s.hookdrill("receiver", nil, "hookdrill receiver --previous-key-env PREVIOUS_KEY --data fixture.db", "")
		}
	case "SIG-20":
		p.setup = other("standard-webhooks", "STANDARD_WEBHOOKS_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	case "HTTP-06":
		p.setup = other("slack", "SLACK_SIGNING_SECRET=8f742231b10e8888abcd99yyyzzz85a5")
	case "API-08":
		p.setup = other("claude-managed-agents", "ANTHROPIC_WEBHOOK_SIGNING_KEY=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	case "API-01":
		p.needs, p.setup = []string{"command -v python3"}, thin
	case "IDEM-10":
		p.needs, p.setup = []string{havePython}, python
	case "DUR-03": // of a receiver that connects to it
		p.setup = func(s *session) {
			s.write("app.py", []byte("import os\nos.execvp('hookdrill', ['hookdrill', 'receiver', '--probe'])\n"))
		}
	case "TLS-03":
		p.setup = func(s *session) {
			bundled(s)
			s.swaps = [][2]string{{"https://example.org", overTLS(s)}}
		}
	case "LOAD-01", "LOAD-05":
		p.setup = bundled
		last.env, last.codes, last.then = short(), []int{0, 1, 3}, tested(100)
	default:
		p.setup = bundled
	}
	p.steps = append(p.steps, last)
	return p
}
