// Package reports holds the one value that a run of hookdrill amounts to, and
// the writers that turn it into files and text.
//
// The package knows neither Ginkgo nor HTTP: it is given a finished [Report]
// and derives everything from it, the exit code included. It must not judge:
// statuses arrive decided.
package reports

import (
	"strings"
	"time"
)

// Schema is the version of report.json. Fields are only ever added to it.
const Schema = 1

// Status is what became of a check or of one of its cases.
type Status string

// The statuses of checks and cases, as they stand in report.json.
const (
	// Pass: the right answer was seen.
	Pass Status = "pass"
	// Fail: a wrong answer was seen.
	Fail Status = "fail"
	// NotObserved: judging it needs an observer that this run did not have, or
	// had and could not trust.
	NotObserved Status = "not_observed"
	// NotExercised: the situation was not brought about, so nothing was proved;
	// a control that the target refused is the usual reason.
	NotExercised Status = "not_exercised"
	// NotApplicable: the requirement cannot apply to this contract or target.
	NotApplicable Status = "not_applicable"
	// Error: the harness itself failed to carry the case out.
	Error Status = "error"
	// KnownFail: a wrong answer that the baseline already lists.
	KnownFail Status = "known_fail"
	// StaleBaseline: the baseline lists a failure that no longer happens.
	StaleBaseline Status = "stale_baseline"
)

// Statuses lists the statuses that every report counts, in the order in which
// reports show them. The two that only a baseline brings about are not among them.
func Statuses() []Status {
	return []Status{Fail, Error, NotExercised, NotObserved, NotApplicable, Pass}
}

// Verdict is the one-word result of a run.
type Verdict string

// The verdicts, as they stand in report.json.
const (
	Conformant    Verdict = "conformant"
	Nonconformant Verdict = "nonconformant"
	Incomplete    Verdict = "incomplete"
	Failed        Verdict = "error"
)

// Level says how much a requirement binds.
type Level string

// The levels of requirements. Must decides the verdict; Should decides it only
// in a strict run; Info never does.
const (
	Must   Level = "must"
	Should Level = "should"
	Info   Level = "info"
)

// Exit codes of every run command.
const (
	ExitOK          = 0 // conformant, or certified
	ExitNonconform  = 1 // a MUST failed, or the service levels were missed
	ExitUsage       = 2 // usage or configuration
	ExitIncomplete  = 3 // nothing failed, something at the asked level is unproven
	ExitUnreachable = 4 // the target cannot be reached or refuses the first valid event
	ExitInternal    = 5 // the harness itself failed, an unwritten report included
)

// Report is the whole result of one run. Every text in it that came from the
// target is untrusted: writers escape it. Keys, and signatures made with them,
// are already replaced by a key id.
type Report struct {
	Schema     int       `json:"schema"`
	Tool       Tool      `json:"tool"`
	Command    string    `json:"command"`
	Contract   string    `json:"contract"`
	Level      string    `json:"level"` // wire, observed or managed
	Seed       uint64    `json:"seed"`
	Started    time.Time `json:"started"`
	DurationMS int64     `json:"duration_ms"`
	Target     Target    `json:"target"`
	Verdict    Verdict   `json:"verdict"`
	// Sentence says the verdict in one sentence a person can quote.
	Sentence string         `json:"sentence"`
	ExitCode int            `json:"exit_code"`
	Counts   map[Status]int `json:"counts"`
	// Assumptions names every value that a source left open, and every reason
	// to read the result with care.
	Assumptions []string `json:"assumptions"`
	// Preflight is set when the run ended before its checks: what is wrong, the
	// likely cause, and what to do.
	Preflight *Preflight `json:"preflight,omitempty"`
	// Observers says how effects were seen; empty at level wire.
	Observers []Observer `json:"observers"`
	// Unlock lists what could not be seen and which flag would show it.
	Unlock []Unlock `json:"unlock"`
	// Families gives the time spent by requirement family, in catalogue order.
	Families []FamilyTime `json:"families"`
	Checks   []Check      `json:"checks"`
	// LeftOut lists the requirements that a selection (--only, --skip, --quick)
	// left out of the run.
	LeftOut []string `json:"left_out,omitempty"`
	// Interrupted is true when the run was stopped before its end.
	Interrupted bool `json:"interrupted,omitempty"`
	// Strict is true when a failed SHOULD decided the verdict as a MUST does.
	Strict bool `json:"strict,omitempty"`
	// Baseline says what a baseline did to the result; nil without one.
	Baseline *Baseline `json:"baseline,omitempty"`
	// Load is what a load test measured; nil for another run.
	Load *Load `json:"load,omitempty"`
	// Checklist is what the run says of the ten points to have done before a launch; nil where
	// it ended before its checks. Writers derive it from the checks where it is nil.
	Checklist []ChecklistPoint `json:"checklist,omitempty"`
	// Combined names the other reports that the checklist took in.
	Combined []Combined `json:"combined,omitempty"`
	// Repeat is the command that repeats the whole run.
	Repeat string `json:"repeat"`
	// Docs is the address that the pages of the requirements are under, each with its id and
	// .html as its name; or, where they have other names, one with {id} for the id. Without it
	// reports link to no pages.
	Docs string `json:"docs,omitempty"`
}

// Baseline is what a file of known failures did to a result.
type Baseline struct {
	File string `json:"file"`
	// Entries counts those of the file.
	Entries int `json:"entries"`
	// Unexpected counts the failures that decide and that no entry excuses, Known those that
	// one does, Unproven what is unproven within the level and not listed, and Waived what is
	// unproven and listed.
	Unexpected int `json:"unexpected"`
	Known      int `json:"known"`
	Unproven   int `json:"unproven"`
	Waived     int `json:"waived"`
	// Stale lists entries that pass now, Expired those whose last day is over.
	Stale   []string `json:"stale,omitempty"`
	Expired []string `json:"expired,omitempty"`
	// Until is the last day on which all entries that excused something count.
	Until string `json:"until,omitempty"`
}

// outdated reports whether the file itself has to be mended.
func (b *Baseline) outdated() bool { return b != nil && len(b.Stale)+len(b.Expired) > 0 }

// Excuse is the entry of a baseline that excuses a check or a case.
type Excuse struct {
	ID      string `json:"id"`
	Reason  string `json:"reason"`
	Link    string `json:"link,omitempty"`
	Expires string `json:"expires"`
}

// Tool names the program that wrote a report.
type Tool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is the endpoint that was judged.
type Target struct {
	// URL is the target's; of one with several instances, the first one's.
	URL string `json:"url"`
	// URLs are those of all instances, where there are several.
	URLs []string `json:"urls,omitempty"`
	// Server is the target's own Server header, if it sent one. Untrusted.
	Server string `json:"server,omitempty"`
	// Bundled is true when the run judged the receiver that comes with hookdrill.
	Bundled bool `json:"bundled,omitempty"`
}

// all shows the URLs of all instances.
func (t Target) all() string {
	if len(t.URLs) == 0 {
		return t.URL
	}
	return strings.Join(t.URLs, ", ")
}

// Preflight explains why a run could not start, and what would mend it.
type Preflight struct {
	// Kind is a stable word: dns, refused, timeout, tls, redirect, not_found,
	// method, unauthorized, server_error, malformed, no_http, …
	Kind string `json:"kind"`
	// Problem is one clear sentence.
	Problem string `json:"problem"`
	// Cause is the likely cause.
	Cause string `json:"cause"`
	// Mend says what to do.
	Mend string `json:"mend"`
	// Exchanges is what was sent and what came back.
	Exchanges []Exchange `json:"exchanges,omitempty"`
}

// Observer describes one source of knowledge about effects.
type Observer struct {
	Kind string `json:"kind"` // probe or sql
	// Source is the URL or DSN, without any password.
	Source string `json:"source"`
	// Trusted is false when the observer contradicted itself or another one.
	Trusted bool   `json:"trusted"`
	Why     string `json:"why,omitempty"`
}

// Unlock is one thing this run could not see, and the way to see it.
type Unlock struct {
	What   string   `json:"what"`
	How    string   `json:"how"`
	Checks []string `json:"checks"`
}

// FamilyTime is the time that one family of requirements took.
type FamilyTime struct {
	Family     string `json:"family"`
	DurationMS int64  `json:"duration_ms"`
	Requests   int    `json:"requests"`
}

// Check is one requirement of the catalogue and what became of it.
type Check struct {
	ID         string `json:"id"`
	Family     string `json:"family"`
	Level      Level  `json:"level"`
	Need       string `json:"need"` // wire, observed, managed or log
	Title      string `json:"title"`
	Status     Status `json:"status"`
	DurationMS int64  `json:"duration_ms"`
	// Why says in one sentence why the status is what it is.
	Why string `json:"why,omitempty"`
	// Requirement is the sentence of the contract: what is sent, what is right.
	Requirement string `json:"requirement"`
	// Matters says what goes wrong in production without it.
	Matters string `json:"matters"`
	Cases   []Case `json:"cases"`
	// Baseline is the entry that excuses the check, nil for none.
	Baseline *Excuse `json:"baseline,omitempty"`
}

// Case is one concrete trial of a check.
type Case struct {
	Name     string `json:"name"`
	Status   Status `json:"status"`
	Expected string `json:"expected"`
	// Actual is what was seen. Untrusted in part: it may quote the target.
	Actual    string     `json:"actual"`
	Why       string     `json:"why"`
	Exchanges []Exchange `json:"exchanges"`
	// Repeat is the hookdrill command that runs this case again.
	Repeat string `json:"repeat"`
	// File is the case as a file beside the report, for hookdrill conformance --repeat; "" where
	// the case cannot be sent by itself.
	File string `json:"file,omitempty"`
	// Curl is a command that sends the decisive request without hookdrill; the
	// key is taken from the environment.
	Curl string `json:"curl,omitempty"`
	// Timeline tells of a drill what was done and seen, a line a moment, from its beginning.
	Timeline []string `json:"timeline,omitempty"`
	// Baseline is the entry that excuses the case, nil for none.
	Baseline *Excuse `json:"baseline,omitempty"`
}

// Exchange is one request and its answer, as evidence: redacted, and cut to a
// bound.
type Exchange struct {
	// Role says what the exchange is for: control, case, …
	Role string `json:"role,omitempty"`
	// At is when the sending began; zero where nobody noted it.
	At       time.Time `json:"at,omitzero"`
	Request  string    `json:"request"`
	Response string    `json:"response"`
	MS       float64   `json:"ms"`
	// Status is the HTTP status, 0 when no answer came.
	Status int `json:"status,omitempty"`
	// Error says what went wrong on the way, "" for a complete answer.
	Error string `json:"error,omitempty"`
	// EventID is the id of the event carried, where it has one.
	EventID string `json:"event_id,omitempty"`
	// Target is the URL of the instance that it went to, where there are several.
	Target string `json:"target,omitempty"`
}
