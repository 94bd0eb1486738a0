package drill

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"hookdrill/internal/faultproxy"
	"hookdrill/mockclaude"
	"hookdrill/reports"
)

const (
	// halfOpen is how many connections are left in the middle of a request, halfPause how
	// long their senders wait between its halves, and halfLimit when they give up.
	halfOpen  = 50
	halfPause = 2 * time.Second
	halfLimit = 4 * time.Second
	// enough events without an answer show that others wait.
	enough = 3
	// narrow is how many KiB a second a bad line lets through, and padding how many bytes
	// an event has more there: it is some three seconds on its way, unless that is more than
	// half of the sender's time limit. About headers bytes come before the body.
	narrow  = 1
	padding = 3 << 10
	headers = 512
	// statusLine is less than an answer's first line is long, in bytes.
	statusLine = 16
)

// line is the way to the receiver through a proxy that makes trouble.
type line struct {
	*faultproxy.Line
	t      *trial
	sender *mockclaude.Sender
}

// dial opens a line to the receiver.
func (t *trial) line(ctx context.Context) (*line, error) {
	proxy, err := faultproxy.NewLine(t.cfg.Address)
	if err != nil {
		return nil, err //nolint:wrapcheck // it says what failed
	}
	sender, err := t.cfg.Via(proxy.Address())
	if err != nil {
		proxy.Close(ctx)
		return nil, fmt.Errorf("send through a proxy: %w", err)
	}
	return &line{proxy, t, sender}, nil
}

func (l *line) close(ctx context.Context) {
	l.sender.Close()
	l.Line.Close(ctx)
}

// together delivers events once through the line, at the same time.
func (l *line) together(ctx context.Context, events []*event, change func(*mockclaude.Delivery)) {
	var all sync.WaitGroup
	for _, e := range events {
		all.Go(func() {
			d := e.Delivery
			d.Header = append([]mockclaude.Field{{Name: "Host", Value: l.t.cfg.Host}}, d.Header...) // as if there were no proxy
			if change != nil {
				change(&d)
			}
			start := l.t.since()
			x := l.sender.Send(ctx, d)
			l.t.add(e, attempt{start, l.t.since(), x})
		})
	}
	all.Wait()
}

func unanswered(events []*event) (n int) {
	for _, e := range events {
		if !e.acknowledged() {
			n++
		}
	}
	return n
}

// lostAnswers: DUR-08.
func (t *trial) lostAnswers(ctx context.Context) verdict {
	events, err := t.draw(3 * few)
	if err != nil {
		return nothing(err)
	}
	if err := t.fresh(ctx, events); err != nil {
		return nothing(err)
	}
	l, err := t.line(ctx)
	if err != nil {
		return nothing(err)
	}
	defer l.close(ctx)
	lost := 0
	for i := range 3 {
		part := events[i*few : (i+1)*few]
		what := "reset as their answers begin"
		set := l.Reset
		if i > 0 {
			n := t.between(1, statusLine)
			what = fmt.Sprintf("closed after %d bytes of their answers", n)
			set = func() error { return l.Cut(n) }
		}
		if err := set(); err != nil {
			return nothing(err)
		}
		t.note("%d events are sent at once, their connections %s", len(part), what)
		l.together(ctx, part, nil)
		lost += unanswered(part)
		l.Heal(ctx)
	}
	t.note("%d of %d answers did not arrive", lost, len(events))
	if lost == 0 {
		return verdict{reports.NotExercised, "", "every answer arrived all the same"}
	}
	t.retried(ctx, events)
	return verdict{actual: fmt.Sprintf("%d answers lost", lost)}
}

// halfOpened: DUR-09.
func (t *trial) halfOpened(ctx context.Context) verdict {
	all, err := t.draw(halfOpen + 2*few)
	if err != nil {
		return nothing(err)
	}
	if err := t.fresh(ctx, all); err != nil {
		return nothing(err)
	}
	l, err := t.line(ctx)
	if err != nil {
		return nothing(err)
	}
	defer l.close(ctx)
	events, others := all[:halfOpen], all[halfOpen:]
	t.note("%d events are sent, and the line goes dead in the middle of each", len(events))
	var sending sync.WaitGroup
	sending.Go(func() {
		l.together(ctx, events, func(d *mockclaude.Delivery) {
			d.Timeout = halfLimit
			d.Shape = mockclaude.Shape{Kind: mockclaude.ShapePieces, Pieces: 2, Pause: halfPause}
		})
	})
	pause(ctx, halfPause/2)
	if err := l.Silence(); err != nil {
		sending.Wait()
		return nothing(err)
	}
	t.note("nothing comes through any more, on either side")
	var late []*event
	tried := 0
	for i, e := range others {
		if len(late) == enough { // each takes the sender's time limit
			break
		}
		tried++
		if i == few {
			sending.Wait()
			t.note("their senders have given up; the receiver has not been told")
		}
		if !t.once(ctx, e).acknowledged() {
			late = append(late, e)
		}
	}
	sending.Wait()
	t.note("%d of %d events on other connections were acknowledged meanwhile", tried-len(late), tried)
	l.Heal(ctx)
	t.note("the dead connections are closed")
	t.retried(ctx, all)
	if len(late) > 0 {
		t.blame(late...)
		return verdict{
			reports.Fail, fmt.Sprintf("%d of %d events not acknowledged beside %d dead connections", len(late), tried, halfOpen),
			"want 2xx within the sender's time limit; the first: " + answerOf(late[0]),
		}
	}
	return verdict{actual: fmt.Sprintf("%d events acknowledged beside %d dead connections", len(others), halfOpen)}
}

// slowly pads events for a bad line, and says how many KiB a second it lets through and how
// long the longest body is. An event is on its way for half of the sender's time limit at
// most: the other half is the receiver's, who must not be accused of what the line took.
func (t *trial) slowly(events []*event) (rate, longest int) {
	for _, e := range events {
		longest = max(longest, len(e.Body))
	}
	half := t.cfg.Sender.Timeout() / 2
	perKiB := max(1, int(half.Milliseconds())<<10/1000) // bytes within that time, at 1 KiB a second
	rate = max(narrow, (longest+headers+perKiB-1)/perKiB)
	more := min(padding, rate*perKiB-longest-headers)
	for _, e := range events {
		e.Body += strings.Repeat(" ", more)
	}
	return rate, longest + more
}

// narrowLine: DUR-10.
func (t *trial) narrowLine(ctx context.Context) verdict {
	events, err := t.draw(few)
	if err != nil {
		return nothing(err)
	}
	rate, longest := t.slowly(events)
	if err := t.fresh(ctx, events); err != nil {
		return nothing(err)
	}
	l, err := t.line(ctx)
	if err != nil {
		return nothing(err)
	}
	defer l.close(ctx)
	if err := l.Narrow(rate); err != nil {
		return nothing(err)
	}
	t.note("%d events of up to %d bytes are sent over lines of %d KiB a second", len(events), longest, rate)
	l.together(ctx, events, nil)
	var late []*event
	for _, e := range events {
		if !e.acknowledged() {
			late = append(late, e)
		}
	}
	t.note("%d of them were acknowledged", len(events)-len(late))
	l.Heal(ctx)
	t.retried(ctx, events)
	if len(late) > 0 {
		t.blame(late...)
		return verdict{reports.Fail, fmt.Sprintf("%d of %d events not acknowledged over a slow line", len(late), len(events)), "the first: " + answerOf(late[0])}
	}
	return verdict{actual: "delivered over a slow line"}
}
