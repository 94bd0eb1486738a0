package zoo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCorrectAnimals takes every correct animal through the requirements that
// can be seen with an ordinary client.
func TestCorrectAnimals(t *testing.T) {
	t.Parallel()
	for _, a := range All() {
		if !a.Correct() {
			continue
		}
		t.Run(a.Name, func(t *testing.T) {
			t.Parallel()
			s := start(t, a.Name, previousKeys(a)...)
			refuses(t, s)
			takes(t, s, a)
			processesOnce(t, s, a)
		})
	}
}

// refuses sends what has to be refused without an effect.
func refuses(t *testing.T, s *sender) {
	t.Helper()
	now := time.Now()
	stamped := func(stamp string) string {
		return `{"id":"evt_bad","type":"agent.task.completed",` + stamp + `"data":{"task_id":"t"}}`
	}
	body := fresh("evt_bad")
	right := sign(testKey, []byte(body))
	for name, got := range map[string]result{
		"unsigned":         s.send(body, unsigned()),
		"unsigned garbage": s.send("{", unsigned()),
		"other key":        s.send(body, signed("other", body)),
		"other body":       s.send(body+" ", signed(testKey, body)),
		"cut":              s.send(body, with(signatureHeader, right[:63])),
		"longer":           s.send(body, with(signatureHeader, right+"0")),
		"not hexadecimal":  s.send(body, with(signatureHeader, "zz")),
		"not ascii":        s.send(body, with(signatureHeader, strings.Repeat("é", 64))),
		"8 KiB":            s.send(body, with(signatureHeader, strings.Repeat("a", 8<<10))),
		"blank":            s.send(body, with(signatureHeader, "   ")),
		"forwarded":        s.send(body, unsigned(), with("X-Forwarded-For", "127.0.0.1")),
		"empty":            s.send(""),
		"trailing comma":   s.send(`{"id":"evt_bad",}`),
		"null":             s.send("null"),
		"list":             s.send("[]"),
		"upper-case names": s.send(strings.Replace(body, `"id"`, `"ID"`, 1)),
		"id number":        s.send(strings.Replace(body, `"evt_bad"`, `7`, 1)),
		"id empty":         s.send(strings.Replace(body, `"evt_bad"`, `""`, 1)),
		"type null":        s.send(strings.Replace(body, `"agent.task.completed"`, `null`, 1)),
		"stale":            s.send(eventOf("evt_bad", "agent.task.completed", "t", now.Add(-10*time.Minute))),
		"ancient":          s.send(eventOf("evt_bad", "agent.task.completed", "t", now.AddDate(-25, 0, 0))),
		"ahead":            s.send(eventOf("evt_bad", "agent.task.completed", "t", now.Add(10*time.Minute))),
		"year 9999":        s.send(stamped(`"timestamp":"9999-01-01T00:00:00Z",`)),
		"no timestamp":     s.send(stamped("")),
		"null timestamp":   s.send(stamped(`"timestamp":null,`)),
		"epoch":            s.send(stamped(fmt.Sprintf(`"timestamp":%d,`, now.UnixMilli()))),
		"NaN":              s.send(stamped(`"timestamp":"NaN",`)),
		"GET":              s.send(body, by(http.MethodGet)),
		"PUT":              s.send(body, by(http.MethodPut)),
		"HEAD":             s.send(body, by(http.MethodHead)),
	} {
		if !got.refused() {
			t.Errorf("%s: %v", name, got)
		}
	}
	// A server may hang up on a body that it does not want (PAY-11).
	if got := s.send(bytesOf("evt_bad", 1<<20+1)); !got.refused() && got.err == nil {
		t.Errorf("larger than 1 MiB: %v", got)
	}
	if n := s.effects("evt_bad")["evt_bad"].Processed; n != 0 {
		t.Errorf("refused, and processed %d times", n)
	}
}

// takes sends what has to be accepted.
func takes(t *testing.T, s *sender, a Animal) {
	t.Helper()
	now := time.Now()
	at := func(id, layout string, zone int) string {
		stamp := now.In(time.FixedZone("", zone)).Format(layout)
		return fmt.Sprintf(`{"id":%q,"type":"agent.task.completed","timestamp":%q,"data":{"task_id":"t"}}`, id, stamp)
	}
	for name, got := range map[string]result{
		"pretty":        s.send(strings.ReplaceAll(fresh("evt_pretty"), `,`, ",\r\n  ") + "\n"),
		"leading line":  s.send("\n" + fresh("evt_leading")),
		"text":          s.send(eventOf("evt_text", "agent.task.completed", "é 🎉 \u2028", now)),
		"chunked":       s.send(fresh("evt_chunked"), chunked()),
		"expect":        s.send(fresh("evt_expect"), with("Expect", "100-continue")),
		"charset":       s.send(fresh("evt_charset"), with("Content-Type", "application/json; charset=utf-8")),
		"unknown type":  s.send(eventOf("evt_unknown", "agent.unheard.of", "t", now)),
		"101 KB":        s.send(bytesOf("evt_101k", 101<<10)),
		"1 MiB":         s.send(bytesOf("evt_1m", 1<<20)),
		"240 s ago":     s.send(eventOf("evt_240", "agent.task.completed", "t", now.Add(-240*time.Second))),
		"30 s ahead":    s.send(eventOf("evt_30", "agent.task.completed", "t", now.Add(30*time.Second))),
		"+10:00":        s.send(at("evt_p10", time.RFC3339, 36000)),
		"-08:00":        s.send(at("evt_m8", time.RFC3339, -28800)),
		"nine digits":   s.send(at("evt_nine", "2006-01-02T15:04:05.000000000Z07:00", 0)),
		"trailing path": s.send(fresh("evt_slash"), func(r *http.Request) { r.URL.Path += "/" }),
	} {
		if !got.ok() {
			t.Errorf("%s: %v", name, got)
		}
	}
	for _, id := range []string{"evt_pretty", "evt_chunked", "evt_expect", "evt_1m", "evt_240", "evt_nine"} {
		if n := s.processed(id, 1); n != 1 {
			t.Errorf("%s: processed %d times", id, n)
		}
	}
	for _, odd := range []string{
		`{"id":"evt_o1","type":"agent.task.completed","timestamp":STAMP,"data":null}`,
		`{"id":"evt_o2","type":"agent.task.completed","timestamp":STAMP}`,
		`{"id":"evt_o3","type":"agent.task.completed","timestamp":STAMP,"data":{"task_id":7}}`,
		`{"id":"evt_o4","type":"agent.task.completed","timestamp":STAMP,"data":{"x":"\u0000\ud800","n":1e400}}`,
		`{"id":"evt_o5","type":"agent.task.completed","timestamp":STAMP,"data":` + strings.Repeat("[", 10000) + strings.Repeat("]", 10000) + `}`,
		"\uFEFF{}", "{\"id\":\"\xff\"}",
		`{"id":"'; drop table x; --` + strings.Repeat("y", 1024) + `","type":"a","timestamp":STAMP}`,
	} {
		body := strings.Replace(odd, "STAMP", fmt.Sprintf("%q", now.UTC().Format(time.RFC3339)), 1)
		if got := s.send(body); !got.ok() && !got.refused() {
			t.Errorf("%s: %v", cut(odd), got)
		}
	}
	if a.PreviousKey {
		body := fresh("evt_previous")
		if got := s.send(body, signed("whsec_previous", body)); !got.ok() {
			t.Errorf("previous key: %v", got)
		}
	}
}

// processesOnce sends copies, in turn and at once, and events out of order.
func processesOnce(t *testing.T, s *sender, a Animal) {
	t.Helper()
	body := fresh("evt_copied")
	for range 2 {
		if got := s.send(body); !got.ok() {
			t.Errorf("copy: %v", got)
		}
	}
	if got := s.send(eventOf("evt_copied", "agent.task.failed", "other", time.Now().Add(time.Second))); !got.ok() {
		t.Errorf("other data: %v", got)
	}
	if n := s.processed("evt_copied", 1); n != 1 {
		t.Errorf("copied: processed %d times", n)
	}
	body = fresh("evt_together")
	turnedAway := false
	for _, got := range s.together(50, body) {
		if got.status == http.StatusConflict || got.status == http.StatusTooManyRequests {
			turnedAway = true
		} else if !got.ok() {
			t.Errorf("together: %v", got)
		}
	}
	if turnedAway && a.Name != "correct-409-meanwhile" && a.Name != "correct-rate-limited" {
		t.Error("together: copies were turned away")
	}
	if turnedAway {
		_ = pause(t.Context(), time.Second) // the limit has let up by then
	}
	if n := s.processed("evt_together", 1); n != 1 {
		t.Errorf("together: processed %d times", n)
	}
	now := time.Now()
	s.send(eventOf("evt_newer", "agent.task.completed", "task_order", now))
	s.send(eventOf("evt_older", "agent.task.failed", "task_order", now.Add(-time.Minute)))
	if s.processed("evt_newer", 1) != 1 || s.processed("evt_older", 1) != 1 {
		t.Error("two events about one task: not both processed")
	}
	if got := s.effects("evt_newer")["evt_newer"].Status; got != "completed" && got != "" {
		t.Errorf("an older event made the task %s", got)
	}
}

// together sends copies at once.
func (s *sender) together(n int, body string) []result {
	results := make([]result, n)
	ready := make(chan struct{})
	var senders sync.WaitGroup
	for i := range results {
		senders.Go(func() {
			<-ready
			results[i] = s.sendCtx(s.t.Context(), body)
		})
	}
	close(ready)
	senders.Wait()
	return results
}

func TestCorrectHTTPSOffersHTTP2(t *testing.T) {
	t.Parallel()
	if got := start(t, "correct-https").send(fresh("evt_1")); got.proto != "HTTP/2.0" {
		t.Errorf("protocol %s (%v)", got.proto, got)
	}
}

func TestCorrectLog(t *testing.T) {
	t.Parallel()
	s := start(t, "correct-log")
	s.send(fresh("evt_1"))
	s.send(fresh("evt_2"), unsigned())
	text := logOf(t, s)
	var statuses []float64
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		var line map[string]any
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		status, _ := line["status"].(float64)
		statuses = append(statuses, status)
	}
	if !slices.Equal(statuses, []float64{200, 401}) {
		t.Errorf("logged %v", statuses)
	}
	if strings.Contains(text, testKey) || strings.Contains(text, sign(testKey, []byte(fresh("evt_1")))) {
		t.Error("the log holds a secret")
	}
}

func logOf(t *testing.T, s *sender) string {
	t.Helper()
	b, err := os.ReadFile(s.server.LogFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
