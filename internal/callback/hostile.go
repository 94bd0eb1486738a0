package callback

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"

	"hookdrill/mockclaude/witness"
	"hookdrill/reports"
)

const (
	markDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	markSize   = 20
)

// keyText writes a key as most senders hand theirs out.
func keyText(raw []byte) string { return "whsec_" + base64.StdEncoding.EncodeToString(raw) }

// hostile sends a correctly signed event whose id leads elsewhere when it is read as part
// of a path or a URL, between two ordinary ones.
func (t *trial) hostile(ctx context.Context) finding {
	if why := t.twin(ctx, "before"); why != "" {
		return finding{reports.NotExercised, "", why}
	}
	e := t.ordinary()
	marker := t.marker()
	prefix := e.TaskID[:strings.IndexByte(e.TaskID, '_')+1]
	id := strings.NewReplacer("{{marker}}", marker, "{{prefix}}", prefix, "{{trap}}", t.trap()).Replace(t.call.ID)
	e.name(id)
	before := t.cfg.Witness.Total()
	a := t.send(ctx, e, "the event with the hostile id")
	why := t.twin(ctx, "behind")
	t.rest(ctx)
	calls := t.cfg.Witness.Calls(func(c witness.Call) bool {
		return c.Number > before && (c.Holds(marker) || c.Trapped && strings.Contains(t.call.ID, "{{trap}}"))
	})
	for _, c := range calls {
		if c.Trapped {
			what := "a call reached a host that the event named"
			if c.Key != witness.KeyNone {
				what += ", and carried the API key there"
			}
			return finding{reports.Fail, a.said() + "; " + shown(c), what + ": whoever can have an event sent reads the key, and answers in the API's place"}
		}
		if !c.Intact(id) {
			return finding{
				reports.Fail, a.said() + "; " + shown(c),
				"the id was read as part of the path, and another resource than the one it names was asked for, with the receiver's own key",
			}
		}
	}
	switch {
	case why != "":
		return finding{reports.NotExercised, a.said(), why}
	case len(calls) == 0:
		return finding{reports.Pass, a.said() + "; no call for it, and one for each ordinary event beside it", ""}
	}
	return finding{reports.Pass, fmt.Sprintf("%s; the id stood in the path as one whole: %s", a.said(), shown(calls[0])), ""}
}

// marker is drawn text by which calls are recognised.
func (t *trial) marker() string {
	b := make([]byte, markSize)
	for i := range b {
		b[i] = markDigits[t.rng.IntN(len(markDigits))]
	}
	t.mark(string(b))
	return string(b)
}
