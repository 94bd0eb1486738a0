package reports

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"hookdrill/internal/fixes"
)

// maxSARIFCases bounds the results of one check; code scanning takes some thousands in all.
const maxSARIFCases = 100

// WriteSARIF writes the security findings of r as SARIF 2.1.0, for code scanning: a
// rule for each check that is about security, and a result for each case of one that
// failed. What was not proved is no result; a run that did not come to its end says so as an
// invocation that failed. The fingerprint of a result is the same from run to run.
//
// A rule carries its help, the code that mends it included. With [Report.Docs] it has a helpUri too, which
// has to be absolute.
func WriteSARIF(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write SARIF report: there is no report")
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("write SARIF report: %w", err)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sarifOf(r, m)); err != nil {
		return fmt.Errorf("write SARIF report: %w", err)
	}
	return nil
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool        sarifTool         `json:"tool"`
	Automation  sarifAutomation   `json:"automationDetails"`
	Invocations []sarifInvocation `json:"invocations"`
	Results     []sarifResult     `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string          `json:"id"`
	Short   sarifText       `json:"shortDescription"`
	Full    sarifText       `json:"fullDescription"`
	Help    sarifText       `json:"help"`
	HelpURI string          `json:"helpUri,omitempty"`
	Default sarifDefault    `json:"defaultConfiguration"`
	Props   sarifRuleDetail `json:"properties"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifDefault struct {
	Level string `json:"level"`
}

type sarifRuleDetail struct {
	Tags     []string `json:"tags"`
	Severity string   `json:"security-severity"`
}

type sarifAutomation struct {
	ID string `json:"id"`
}

type sarifInvocation struct {
	Success       bool                `json:"executionSuccessful"`
	Start         string              `json:"startTimeUtc,omitempty"`
	End           string              `json:"endTimeUtc,omitempty"`
	ExitCode      int                 `json:"exitCode"`
	Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
}

type sarifNotification struct {
	Level   string    `json:"level"`
	Message sarifText `json:"message"`
}

type sarifResult struct {
	RuleID       string             `json:"ruleId"`
	RuleIndex    int                `json:"ruleIndex"`
	Level        string             `json:"level"`
	Message      sarifText          `json:"message"`
	Locations    []sarifLocation    `json:"locations"`
	Fingerprints map[string]string  `json:"partialFingerprints"`
	Suppressions []sarifSuppression `json:"suppressions,omitempty"`
	Props        sarifDetail        `json:"properties"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification,omitempty"`
}

type sarifDetail struct {
	Case     string `json:"case"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Repeat   string `json:"repeat,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical  `json:"physicalLocation"`
	Logical  []sarifLogical `json:"logicalLocations"`
}

type sarifPhysical struct {
	Artifact struct {
		URI string `json:"uri"`
	} `json:"artifactLocation"`
	Region struct {
		Line int `json:"startLine"`
	} `json:"region"`
}

type sarifLogical struct {
	Name string `json:"name"`
	Full string `json:"fullyQualifiedName"`
	Kind string `json:"kind"`
}

func sarifOf(r *Report, m mender) sarifLog {
	run := sarifRun{
		Tool:       sarifTool{sarifDriver{"hookdrill", line(r.Tool.Version, maxShort), []sarifRule{}}},
		Automation: sarifAutomation{"hookdrill/" + cmp.Or(line(r.Command, maxShort), "unknown") + "/" + cmp.Or(line(r.Contract, maxShort), "unknown") + "/"},
		Results:    []sarifResult{},
	}
	known := map[string]bool{}
	for i := range r.Checks {
		c := &r.Checks[i]
		weak, ok := weaknessOf(c.ID)
		if !ok || known[c.ID] {
			continue
		}
		known[c.ID] = true
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, ruleOf(c, weak, m))
		run.Results = append(run.Results, resultsOf(r, c, len(run.Tool.Driver.Rules)-1)...)
	}
	run.Invocations = []sarifInvocation{invocationOf(r)}
	return sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

func ruleOf(c *Check, weak weakness, m mender) sarifRule {
	words, page := helpOf(c, m)
	rule := sarifRule{
		ID: line(c.ID, maxShort), Short: sarifText{Text: cmp.Or(line(c.Title, maxShort), "–")}, Full: sarifText{Text: cmp.Or(line(c.Requirement, maxSentence), "–")},
		Help:    sarifText{cmp.Or(words, "–"), page},
		Default: sarifDefault{sarifLevel(c, true)},
		Props:   sarifRuleDetail{[]string{"security", fmt.Sprintf("external/cwe/cwe-%03d", weak.cwe)}, weak.severity},
	}
	rule.HelpURI = m.published(c.ID)
	return rule
}

// helpOf says how a check fails and is mended, in words and as Markdown.
func helpOf(c *Check, m mender) (words, markdown string) {
	words = strings.TrimSpace(line(c.Requirement, maxSentence) + " " + line(c.Matters, maxSentence))
	var b strings.Builder
	fmt.Fprintf(&b, "**%s**\n\n%s\n\n%s\n", mdText(c.ID+" "+c.Title, maxShort), mdText(c.Requirement, maxSentence), mdText(c.Matters, maxSentence))
	f, known := m.known[c.ID]
	if !known {
		return words, b.String()
	}
	words += "\n\nHow it fails: " + fixes.Plain(f.Fails) + "\n\nHow to fix it: " + fixes.Plain(f.Fix)
	fmt.Fprintf(&b, "\n**How it fails:** %s\n\n**How to fix it:** %s\n", unlinked(f.Fails), unlinked(f.Fix))
	code, err := f.Snippets()
	if err != nil { // the program's own file: a test reads each
		return words, b.String()
	}
	for _, s := range code {
		fmt.Fprintf(&b, "\n%s\n\n```%s\n%s```\n", s.Name, s.Language, s.Text)
	}
	return words, b.String()
}

// unlinked is a text of fixes.yaml as Markdown that leads nowhere.
func unlinked(text string) string {
	var b strings.Builder
	for _, p := range fixes.Parts(text) {
		b.WriteString(map[bool]string{true: "`" + p.Text + "`", false: p.Text}[p.Code])
	}
	return b.String()
}

// sarifLevel is how bad a failure is.
func sarifLevel(c *Check, strict bool) string {
	switch {
	case c.Level == Must || c.Level == Should && strict:
		return "error"
	case c.Level == Info:
		return "note"
	case c.Level == Should:
		return "warning"
	}
	return "error"
}

func resultsOf(r *Report, c *Check, rule int) []sarifResult {
	if c.Status != Fail && c.Status != KnownFail {
		return nil
	}
	bad := badCases(c)
	if len(bad) == 0 {
		bad = []*Case{{Name: "–", Actual: string(c.Status), Why: c.Why}}
	}
	var out []sarifResult
	for _, bc := range bad[:min(len(bad), maxSARIFCases)] {
		name := line(bc.Name, maxShort)
		text := fmt.Sprintf("%s, %s: expected %s, got %s.", line(c.Title, maxShort), name, cmp.Or(line(bc.Expected, maxShort), "–"), cmp.Or(line(bc.Actual, maxShort), "nothing"))
		if bc.Why != "" {
			text += " " + line(bc.Why, maxSentence)
		}
		sum := sha256.Sum256([]byte(r.Contract + "\x00" + c.ID + "\x00" + bc.Name))
		result := sarifResult{
			RuleID: line(c.ID, maxShort), RuleIndex: rule, Level: sarifLevel(c, r.Strict), Message: sarifText{Text: sarifPlain(text)},
			Locations: []sarifLocation{locationOf(r, c, name)}, Fingerprints: map[string]string{"hookdrillCase/v1": hex.EncodeToString(sum[:16])},
			Props: sarifDetail{name, line(bc.Expected, maxShort), line(bc.Actual, maxShort), line(bc.Repeat, maxSentence)},
		}
		if c.Status == KnownFail {
			result.Suppressions = []sarifSuppression{{"external", line(c.Why, maxSentence)}}
		}
		out = append(out, result)
	}
	return out
}

func locationOf(r *Report, c *Check, name string) sarifLocation {
	var l sarifLocation
	l.Physical.Artifact.URI = sarifURI(r.Target.URL)
	l.Physical.Region.Line = 1
	l.Logical = []sarifLogical{{name, line(c.ID, maxShort) + "/" + name, "resource"}}
	return l
}

// sarifURI is a URL with everything escaped that has no place in one.
func sarifURI(s string) string {
	var b strings.Builder
	for _, c := range []byte(cut(s, maxSentence)) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return cmp.Or(b.String(), "unknown")
}

// sarifPlain escapes what a viewer would take for a link or a placeholder.
func sarifPlain(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "{", "{{", "}", "}}").Replace(s)
}

// invocationOf says whether the run came to its end: without a result a viewer takes a
// finding for mended, and may do so only where the run did.
func invocationOf(r *Report) sarifInvocation {
	out := sarifInvocation{Success: true, ExitCode: ExitCode(r)}
	if !r.Started.IsZero() {
		out.Start = r.Started.UTC().Format(time.RFC3339)
		out.End = r.Started.Add(time.Duration(r.DurationMS) * time.Millisecond).UTC().Format(time.RFC3339)
	}
	note := func(level, text string) {
		out.Notifications = append(out.Notifications, sarifNotification{level, sarifText{Text: sarifPlain(text)}})
	}
	if p := r.Preflight; p != nil {
		out.Success = false
		note("error", "The run ended before its checks: "+line(p.Problem, maxSentence))
	}
	if r.Interrupted {
		out.Success = false
		note("error", "The run was stopped before its end.")
	}
	if r.Verdict == Failed {
		out.Success = false
		note("error", line(sentence(r), maxSentence))
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		if _, ok := weaknessOf(c.ID); !ok {
			continue
		}
		switch c.Status {
		case Pass, Fail, KnownFail, NotApplicable:
		case NotObserved:
			note("note", line(c.ID, maxShort)+" was not observed: "+line(reason(c), maxSentence))
		default:
			note("warning", line(c.ID, maxShort)+" proved nothing ("+line(string(c.Status), maxShort)+"): "+line(reason(c), maxSentence))
		}
	}
	return out
}
