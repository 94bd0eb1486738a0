package reports

import (
	"fmt"
	"io"
	"sync"
)

// Progress prints a line for each check as soon as it is decided. The zero
// value prints nothing. Its methods may be called from several goroutines.
type Progress struct {
	// W is where lines go; nil prints nothing. An error in writing is passed
	// over: the report does not depend on it.
	W io.Writer
	// Color adds ANSI colours. Words say the same without them.
	Color bool
	// Strict shows a failed SHOULD as a failure, not as advice.
	Strict bool

	mu sync.Mutex
}

// wordWidth is the width of the longest word that is common.
const wordWidth = len("not exercised")

// Check prints the line of a check that is decided, such as
//
//	✓ pass           SIG-03   a random signature of the right shape  12 ms
//
// and, where it did not pass, the reason on a second line.
func (p *Progress) Check(c Check) {
	if p.W == nil {
		return
	}
	paint, o := painter(p.Color), outcomeOf(&c, p.Strict)
	text := fmt.Sprintf("%s %-8s %s", paint.as(o.key, fmt.Sprintf("%s %-*s", o.mark, wordWidth, o.word)),
		line(c.ID, maxShort), line(c.Title, maxShort))
	if c.DurationMS > 0 {
		text += "  " + paint.dim(span(c.DurationMS))
	}
	text += "\n"
	if why := reason(&c); why != "" && o.key != keyPass && o.key != keyNA {
		text += fmt.Sprintf("%*s %s\n", wordWidth+2+9, "", line(why, maxShort))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = io.WriteString(p.W, text)
}
