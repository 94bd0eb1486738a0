package repeat

import (
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/plan"
	"hookdrill/internal/testtool"
	"hookdrill/mockclaude"
)

// TestCurlOfEveryContract runs the curl command of an event of each built-in contract, and
// compares everything that arrives with what hookdrill sends.
func TestCurlOfEveryContract(t *testing.T) {
	t.Parallel()
	testtool.Need(t, "bash", "curl", "openssl", "date", "cut", "sed", "od", "tr", "base64")
	arrived := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var header []string
		for name := range r.Header {
			if !slices.Contains([]string{"User-Agent", "Accept", "Accept-Encoding", "Request-Id"}, name) {
				header = append(header, name+": "+r.Header.Get(name))
			}
		}
		slices.Sort(header)
		arrived <- strings.Join(header, "\n") + "\n\n" + string(body)
	}))
	defer server.Close()
	target := parse(t, server.URL)
	const key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	text := "no time"
	for _, name := range contract.Names() {
		c, err := contract.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		c.Key.Env = "CLAUDE_WEBHOOK_KEY" // which the test's shell has
		sender, err := mockclaude.NewSender(mockclaude.SenderConfig{Target: target, Contract: c, Keys: mockclaude.Keys{Current: []byte(key)}})
		if err != nil {
			t.Fatal(err)
		}
		defer sender.Close()
		e, err := mockclaude.NewEvent(c, c.Types[0].Name, rand.New(rand.NewPCG(1, 1)))
		if err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]func(d *mockclaude.Delivery){
			"valid":       func(*mockclaude.Delivery) {},
			"stale":       func(d *mockclaude.Delivery) { d.Stamp.Offset = -10 * time.Minute },
			"body alone":  func(d *mockclaude.Delivery) { d.HeaderStamp = &mockclaude.Stamp{Offset: -time.Minute} },
			"no time":     func(d *mockclaude.Delivery) { d.HeaderStamp = &mockclaude.Stamp{Text: &text} },
			"other key":   func(d *mockclaude.Delivery) { d.Sign = mockclaude.Sign{Mode: mockclaude.SignKey, Key: "changeme"} },
			"no headers":  func(d *mockclaude.Delivery) { d.Drop = c.AuthHeaders()[1:] },
			"other id":    func(d *mockclaude.Delivery) { d.Header = []mockclaude.Field{{Name: "Webhook-Id", Value: "other"}} },
			"cut":         func(d *mockclaude.Delivery) { d.Sign = mockclaude.Sign{Cut: 20, CutSet: true} },
			"literal mac": func(d *mockclaude.Delivery) { d.Sign = mockclaude.Sign{Mode: mockclaude.SignMAC, Value: "abc"} },
		} {
			d := mockclaude.Delivery{EventID: e.ID, Type: e.Type, TaskID: e.TaskID, Body: e.Template(c)}
			change(&d)
			curl := Run{Target: target, Contract: c}.Curl(plan.Delivery{Delivery: d}, time.Now())
			if curl == "" {
				t.Errorf("%s, %s: no command", name, what)
				continue
			}
			var got, want string
			for range 20 {
				want, got = inOneSecond(func() string {
					if x := sender.Send(t.Context(), d); x.Status == 0 {
						t.Fatalf("%s, %s: %s %s", name, what, x.Err, x.ErrText)
					}
					return <-arrived
				}, func() string { return bash(t, curl, arrived, "CLAUDE_WEBHOOK_KEY="+key) })
				if got == want || d.Stamp.Offset == 0 {
					break
				}
				curl = Run{Target: target, Contract: c}.Curl(plan.Delivery{Delivery: d}, time.Now())
			}
			if d.HeaderStamp != nil { // it is of the moment for which the command was made
				digits := regexp.MustCompile(`\d{10}|\d\d:\d\d:\d\dZ|[0-9a-f]{64}|[A-Za-z0-9+/]{43}=`)
				got, want = digits.ReplaceAllString(got, "X"), digits.ReplaceAllString(want, "X")
			}
			if got != want {
				t.Errorf("%s, %s: hookdrill sends\n%s\nand curl\n%s\nby\n%s", name, what, want, got, curl)
			}
		}
	}
}
