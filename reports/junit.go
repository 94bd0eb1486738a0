package reports

import (
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// WriteJUnit writes r as JUnit XML: a suite for each family, a case for each
// check. Only what decides the verdict is a <failure>; a failed SHOULD of a run
// that is not strict is <skipped>, with its evidence in <system-out>. What was
// not proved is <skipped>, never passed. A run that did not come to its end
// gets a case of its own, so that what is missing does not look green. Names
// depend on the contract and the catalogue only, so they are the same from run
// to run.
func WriteJUnit(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write JUnit report: there is no report")
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(junitOf(r, m)); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	return nil
}

type junitTally struct {
	Tests    int    `xml:"tests,attr"`
	Failures int    `xml:"failures,attr"`
	Errors   int    `xml:"errors,attr"`
	Skipped  int    `xml:"skipped,attr"`
	Time     string `xml:"time,attr"`

	ms int64
}

type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitTally
	Suites []*junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitTally
	Timestamp string       `xml:"timestamp,attr"`
	Cases     []*junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Time    string     `xml:"time,attr"`
	Failure *junitText `xml:"failure"`
	Error   *junitText `xml:"error"`
	Skipped *junitText `xml:"skipped"`
	Output  *junitOut  `xml:"system-out"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

type junitOut struct {
	Text string `xml:",cdata"`
}

func junitOf(r *Report, m mender) *junitSuites {
	all := &junitSuites{Name: "hookdrill " + line(r.Command, maxShort)}
	class := "hookdrill." + cmp.Or(line(r.Contract, maxShort), "unknown") + "."
	byName := map[string]*junitSuite{}
	add := func(suite string, c *junitCase, ms int64) {
		s := byName[suite]
		if s == nil {
			s = &junitSuite{Name: suite, Timestamp: r.Started.UTC().Format(time.RFC3339)}
			byName[suite] = s
			all.Suites = append(all.Suites, s)
		}
		c.Class, c.Time = class+suite, seconds(ms)
		s.Cases = append(s.Cases, c)
		s.count(c, ms)
		all.count(c, ms)
	}
	if p := r.Preflight; p != nil {
		add("preflight", preflightCase(p), 0)
	} else if c := endCase(r); c != nil {
		add("run", c, 0)
	}
	if b := r.Baseline; b != nil && len(b.Expired) > 0 {
		add("baseline", &junitCase{Name: "no entry of the baseline has expired", Failure: &junitText{
			Message: line("expired: "+strings.Join(b.Expired, ", "), maxSentence), Type: "baseline",
		}}, 0)
	}
	for i := range r.Checks {
		c := &r.Checks[i]
		add(cmp.Or(line(c.Family, maxShort), "unknown"), checkCase(c, r.Strict, m), c.DurationMS)
	}
	return all
}

// count adds a case to the sums of its suite, or of the whole.
func (t *junitTally) count(c *junitCase, ms int64) {
	t.Tests++
	t.ms += ms
	t.Time = seconds(t.ms)
	switch {
	case c.Failure != nil:
		t.Failures++
	case c.Error != nil:
		t.Errors++
	case c.Skipped != nil:
		t.Skipped++
	}
}

func checkCase(c *Check, strict bool, m mender) *junitCase {
	out := &junitCase{Name: line(c.ID+" "+c.Title, maxShort)}
	o := outcomeOf(c, strict)
	message := cmp.Or(line(reason(c), maxSentence), o.name)
	switch o.key {
	case keyPass:
	case keyFail:
		if bad := badCases(c); len(bad) > 0 {
			message = gist(bad[0])
		}
		out.Failure = &junitText{Message: message, Type: cmp.Or(line(string(c.Level), maxShort), "must"), Text: evidence(c, m)}
	case keyStale:
		out.Failure = &junitText{Message: message, Type: "baseline"}
	case keyError, keyUnknown:
		out.Error = &junitText{Message: message, Type: o.key, Text: evidence(c, m)}
	case keyAdvice, keyRecorded, keyKnown:
		out.Skipped = &junitText{Message: o.word + ": " + message}
		out.Output = &junitOut{evidence(c, m)}
	default:
		out.Skipped = &junitText{Message: o.word + ": " + message}
	}
	return out
}

func preflightCase(p *Preflight) *junitCase {
	var text strings.Builder
	fmt.Fprintf(&text, "problem: %s\nlikely cause: %s\nwhat to do: %s\n",
		line(p.Problem, maxSentence), line(p.Cause, maxSentence), line(p.Mend, maxSentence))
	for i := range p.Exchanges {
		x := &p.Exchanges[i]
		fmt.Fprintf(&text, "\n--- request\n%s\n--- answer after %.0f ms\n%s\n",
			block(x.Request, maxSentence), x.MS, answer(x, maxSentence))
	}
	return &junitCase{
		Name:  "the target can be tested",
		Error: &junitText{Message: line(p.Problem, maxSentence), Type: line(p.Kind, maxShort), Text: text.String()},
	}
}

// endCase reports a run that did not come to its end; nil for one that did.
func endCase(r *Report) *junitCase {
	const name = "the run came to its end"
	switch {
	case r.Verdict == Failed:
		return &junitCase{Name: name, Error: &junitText{Message: line(sentence(r), maxSentence), Type: "harness"}}
	case r.Interrupted:
		return &junitCase{Name: name, Skipped: &junitText{Message: "interrupted: what was not reached is missing here"}}
	default:
		return nil
	}
}

func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
