package reports

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxSummaryCases is how many ways in which a check fails the summary shows.
const maxSummaryCases = 3

// maxSameNames is how many cases that fail in the same way are named in one line.
const maxSameNames = 12

// WriteSummary writes r as Markdown for the page of a CI job: the verdict, the
// counts, the failures with the command that repeats each, then everything
// that is short of a pass. Text that quotes the target stands in code or is
// escaped. The whole stays well under the 1 MiB that a GitHub job page holds.
func WriteSummary(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write summary: there is no report")
	}
	m, err := menderOf(r)
	if err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	s := &summary{r: r, groups: groups(r), mender: m, manners: newManners()}
	s.head()
	s.counts()
	s.failures(keyFail)
	s.failures(keyError)
	s.failures(keyUnknown)
	s.advice()
	s.unseen()
	s.launch()
	s.assumptions()
	s.families()
	if _, err := io.WriteString(w, s.b.String()); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

type summary struct {
	r      *Report
	groups []group
	b      strings.Builder

	mender  mender
	manners manners
}

func (s *summary) printf(format string, args ...any) { fmt.Fprintf(&s.b, format, args...) }

func (s *summary) full() bool { return s.b.Len() > maxSummary }

func (s *summary) head() {
	word, key := verdictWord(s.r)
	s.printf("# hookdrill %s: %s %s\n\n", mdText(s.r.Command, maxShort), verdictMark(key), word)
	s.printf("**Verdict:** %s\n\n", mdText(sentence(s.r), maxSentence))
	for _, f := range settings(s.r) {
		s.printf("- %s: %s\n", f.name, mdCode(f.value, maxSentence))
	}
	s.printf("\n")
	if p := s.r.Preflight; p != nil {
		s.printf("## The run could not start\n\n")
		s.printf("- **Problem** (%s): %s\n", mdCode(p.Kind, maxShort), mdText(p.Problem, maxSentence))
		s.printf("- **Likely cause:** %s\n", mdText(p.Cause, maxSentence))
		s.printf("- **What to do:** %s\n\n", mdText(p.Mend, maxSentence))
	}
	if s.r.Load != nil {
		s.printf("| Load | |\n|---|---|\n")
		for _, f := range figures(s.r.Load) {
			s.printf("| %s | %s |\n", mdText(f.Name, maxShort), mdText(f.Value, maxSentence))
		}
		s.printf("\n")
	}
	if s.r.Repeat != "" {
		s.printf("%s\n", mdFence(s.r.Repeat, "sh", maxSentence))
	}
}

func (s *summary) counts() {
	s.printf("| Result | Checks |\n|---|---:|\n")
	for _, g := range s.groups {
		if len(g.checks) > 0 || g.key == keyFail || g.key == keyPass {
			s.printf("| %s %s | %d |\n", g.mark, g.name, len(g.checks))
		}
	}
	s.printf("\n")
}

func (s *summary) failures(key string) {
	g := pick(s.groups, key)
	if len(g.checks) == 0 {
		return
	}
	s.printf("## %s\n\n", g.name)
	for i, c := range g.checks {
		if s.full() {
			s.printf("… and %s; see report.html.\n\n", plural(len(g.checks)-i, "more check"))
			return
		}
		s.failure(c)
	}
}

func (s *summary) failure(c *Check) {
	s.printf("### %s %s\n\n", mdText(c.ID, maxShort), mdText(c.Title, maxShort))
	if c.Requirement != "" {
		s.printf("**Required:** %s\n\n", mdText(c.Requirement, maxSentence))
	}
	if c.Why != "" {
		s.printf("**Why:** %s\n\n", mdText(c.Why, maxSentence))
	}
	if fix := s.mender.of(c).Fix; fix != "" {
		s.printf("**How to fix it:** %s %s\n\n", unlinked(fix), s.more(c.ID))
	}
	bad := badCases(c)
	all := s.manners.bunches(bad)
	left := len(bad)
	for i, same := range all {
		if i == maxSummaryCases || s.full() {
			s.printf("… and %s; see report.html.\n\n", plural(left, "more case"))
			return
		}
		left -= len(same)
		bc := same[0]
		s.printf("**Case:** %s\n\n", mdCode(bc.Name, maxShort))
		s.printf("- **Expected:** %s\n", mdCode(bc.Expected, maxSentence))
		s.printf("- **Actual:** %s\n", mdCode(bc.Actual, maxSentence))
		if bc.Why != "" {
			s.printf("- **Why:** %s\n", mdText(bc.Why, maxSentence))
		}
		s.printf("\n")
		if bc.Repeat != "" {
			s.printf("%s\n", mdFence(bc.Repeat, "sh", maxSentence))
		}
		if names := same[1:]; len(names) > 0 {
			s.printf("In the same way: ")
			for i, other := range names[:min(len(names), maxSameNames)] {
				s.printf("%s%s", map[bool]string{true: ", "}[i > 0], mdCode(other.Name, maxShort))
			}
			if n := len(names) - maxSameNames; n > 0 {
				s.printf(" and %d more", n)
			}
			s.printf(".\n\n")
		}
	}
}

// more says where the page about a requirement is.
func (s *summary) more(id string) string {
	if at := s.mender.published(id); at != "" {
		return "[The page about it](<" + at + ">)."
	}
	return mdCode(s.mender.whole(id), maxShort) + " shows the code."
}

func (s *summary) advice() {
	for _, key := range []string{keyAdvice, keyKnown, keyStale, keyRecorded} {
		if g := pick(s.groups, key); len(g.checks) > 0 {
			s.printf("## %s\n\n", g.name)
			s.lines(g.checks)
		}
	}
}

// lines gives each check one line of a list.
func (s *summary) lines(checks []*Check) {
	for i, c := range checks {
		if s.full() {
			s.printf("- … and %s; see report.html.\n", plural(len(checks)-i, "more check"))
			break
		}
		s.printf("- **%s** %s", mdText(c.ID, maxShort), mdText(c.Title, maxShort))
		if why := reason(c); why != "" {
			s.printf(": %s", mdText(why, maxSentence))
		}
		if bad := badCases(c); len(bad) > 0 && c.Status == Fail {
			s.printf(" (expected %s, got %s)", mdCode(bad[0].Expected, maxShort), mdCode(bad[0].Actual, maxShort))
		}
		s.printf("\n")
	}
	s.printf("\n")
}

func (s *summary) unseen() {
	exercise, seen := pick(s.groups, keyUnexercise), pick(s.groups, keyUnseen)
	if len(exercise.checks) > 0 {
		s.printf("## Not exercised\n\nThe situation was not brought about, so nothing was proved.\n\n")
		s.lines(exercise.checks)
	}
	if len(seen.checks) == 0 && len(s.r.Unlock) == 0 {
		return
	}
	s.printf("## What could not be seen\n\n")
	for _, u := range s.r.Unlock {
		s.printf("- **What:** %s. **To see it:** %s", mdText(strings.TrimSuffix(u.What, "."), maxSentence), mdCode(u.How, maxSentence))
		if len(u.Checks) > 0 {
			s.printf(" (%s)", mdText(strings.Join(u.Checks, ", "), maxSentence))
		}
		s.printf("\n")
	}
	if len(s.r.Unlock) > 0 {
		s.printf("\n")
	}
	if len(seen.checks) > 0 {
		s.lines(seen.checks)
	}
}

// launch is the checklist, a row a point.
func (s *summary) launch() {
	all := checklistOf(s.r)
	if len(all) == 0 {
		return
	}
	s.printf("## Before launch\n\n")
	for _, c := range s.r.Combined {
		s.printf("Taken in: the %s report of %s, level %s, %s", mdText(c.Command, maxShort), mdCode(c.Target, maxShort), mdText(c.Level, maxShort), mdText(string(c.Verdict), maxShort))
		if c.Note != "" {
			s.printf("; %s", mdText(c.Note, maxShort))
		}
		s.printf(".\n\n")
	}
	s.printf("| Point | This run | Not looked at | Left to a person |\n|---|---|---|---|\n")
	cell := func(parts []string) string {
		for i := range parts {
			parts[i] = mdText(parts[i], maxSentence)
		}
		return strings.Join(parts, "<br>")
	}
	for _, c := range all {
		_, mark, word := c.look()
		found := append([]string{mark + " " + word + ". " + c.Found}, c.evidence()...)
		s.printf("| %s | %s | %s | %s |\n", mdText(c.Title, maxShort), cell(found), cell(slices.Clone(c.Unseen)), cell(slices.Clone(c.Person)))
	}
	s.printf("\n")
}

func (s *summary) assumptions() {
	if len(s.r.Assumptions) == 0 {
		return
	}
	s.printf("## Assumptions\n\n")
	for _, a := range s.r.Assumptions {
		s.printf("- **Assumed:** %s\n", mdText(a, maxSentence))
	}
	s.printf("\n")
}

func (s *summary) families() {
	if len(s.r.Families) == 0 {
		return
	}
	s.printf("## Time by family\n\n| Family | Time | Requests |\n|---|---:|---:|\n")
	for _, f := range s.r.Families {
		s.printf("| %s | %s | %d |\n", cmp.Or(mdText(f.Family, maxShort), "–"), span(f.DurationMS), f.Requests)
	}
}
