package reports

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxAnnotations is how many annotations GitHub shows of one step and kind.
const maxAnnotations = 10

// WriteAnnotations writes r as workflow commands of GitHub Actions: an error for each
// failure that decides, a warning for each piece of advice, a notice for the verdict. GitHub
// shows ten of a kind, so the tenth error says how many more there are.
// Source: GitHub, "Workflow commands for GitHub Actions".
func WriteAnnotations(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write annotations: there is no report")
	}
	var b strings.Builder
	workflowCommand(&b, "notice", "hookdrill", sentence(r))
	if p := r.Preflight; p != nil {
		workflowCommand(&b, "error", "hookdrill: "+p.Kind, p.Problem+" "+p.Cause+" "+p.Mend)
	}
	var errs, warnings []*Check
	for i := range r.Checks {
		switch c := &r.Checks[i]; {
		case c.Status == Error, c.Status == StaleBaseline, c.Status == Fail && decides(c.Level, r.Strict):
			errs = append(errs, c)
		case c.Status == Fail:
			warnings = append(warnings, c)
		}
	}
	annotate(&b, "error", errs)
	annotate(&b, "warning", warnings)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write annotations: %w", err)
	}
	return nil
}

func annotate(b *strings.Builder, kind string, checks []*Check) {
	for i, c := range checks {
		if i == maxAnnotations-1 && len(checks) > maxAnnotations {
			workflowCommand(b, kind, "hookdrill", fmt.Sprintf("%d more, from %s on; see the report", len(checks)-i, c.ID))
			return
		}
		text := c.Why
		for _, one := range c.Cases {
			if one.Status == c.Status && one.Actual != "" {
				text = fmt.Sprintf("%s: expected %s, actual %s", one.Name, one.Expected, one.Actual)
				if one.Repeat != "" {
					text += "\n" + one.Repeat
				}
				break
			}
		}
		workflowCommand(b, kind, c.ID+" "+c.Title, text)
	}
}

// workflowCommand writes one workflow command. Text that came from the target can neither end it
// nor begin another.
func workflowCommand(b *strings.Builder, kind, title, text string) {
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = Clean(lines[i])
	}
	fmt.Fprintf(b, "::%s title=%s::%s\n", kind, property.Replace(Clean(title)), data.Replace(strings.Join(lines, "\n")))
}

// WriteOutputs writes what a pipeline branches on as lines of name=value, as the output
// files of GitHub Actions and GitLab's dotenv reports take them.
func WriteOutputs(w io.Writer, r *Report) error {
	if r == nil {
		return errors.New("write outputs: there is no report")
	}
	if _, err := fmt.Fprintf(w, "verdict=%s\nfailed=%d\n", r.Verdict, r.Counts[Fail]); err != nil {
		return fmt.Errorf("write outputs: %w", err)
	}
	return nil
}
