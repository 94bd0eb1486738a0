package pgstore_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"hookdrill/internal/pgtest"
	"hookdrill/reference"
	"hookdrill/reference/pgstore"
)

const (
	childURL  = "HOOKDRILL_TEST_CHILD_URL"
	childMode = "HOOKDRILL_TEST_CHILD_MODE"
	testKey   = "whsec_test"

	kills      = 100
	senders    = 16
	mostAcks   = 60 // of one life
	killSeed   = 20260901
	sendWithin = 2 * time.Second
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childURL); url != "" {
		if err := child(url, pgstore.Mode(os.Getenv(childMode))); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // the child is a program of its own
		}
		return
	}
	pgtest.Main(m)
}

// child is a receiver that prints where it is and is to be killed.
func child(url string, mode pgstore.Mode) error {
	ctx := context.Background()
	store, err := pgstore.Open(ctx, pgstore.Config{URL: url, Mode: mode})
	if err != nil {
		return err
	}
	r, err := reference.New(reference.Config{Keys: []string{testKey}, Store: store})
	if err != nil {
		return err
	}
	go func() {
		<-r.Ready()
		fmt.Println(r.URL()) //nolint:forbidigo // the parent reads it
	}()
	return r.Run(ctx)
}

// TestKilled kills a receiver 100 times, each time at another acknowledgement
// of the traffic. What was not acknowledged is sent again. In the end every
// event was acknowledged, and every event must have had one effect: none lost,
// none processed twice.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, mode := range []pgstore.Mode{pgstore.ModeTransaction, pgstore.ModeQueue} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			url := pgtest.URL(t)
			traffic := &traffic{acked: map[string]int{}}
			points := rand.New(rand.NewPCG(killSeed, 0))
			for i := range kills {
				traffic.life(t, url, mode, i, 1+points.IntN(mostAcks))
			}
			traffic.life(t, url, mode, kills, -1)
			judge(t, url, mode, traffic)
		})
	}
}

// traffic is what was sent over all lives of a receiver.
type traffic struct {
	mu    sync.Mutex
	next  int
	open  []string       // sent, and not acknowledged
	acked map[string]int // how often acknowledged
	again int
}

// life starts a receiver, sends until it has acknowledged a number of events,
// and kills it there. With -1 it sends what is open until nothing is.
func (tr *traffic) life(t *testing.T, url string, mode pgstore.Mode, n, acks int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this test
	cmd.Env = append(os.Environ(), childURL+"="+url, childMode+"="+string(mode))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
	})
	defer kill()
	target, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("life %d: the receiver did not start: %v", n, err)
	}
	target = target[:len(target)-1]
	client := &http.Client{Timeout: sendWithin, Transport: &http.Transport{
		MaxIdleConnsPerHost: senders, DialContext: (&net.Dialer{Timeout: time.Second}).DialContext,
	}}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	count, dead := 0, false
	ended := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return dead
	}
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for !ended() {
				id := tr.take(acks < 0)
				if id == "" {
					return
				}
				if !deliver(t.Context(), client, target, id) {
					tr.put(id)
					continue
				}
				tr.ack(id)
				mu.Lock()
				if count++; count == acks && !dead {
					dead = true
					_ = cmd.Process.Signal(syscall.SIGKILL)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
}

// take gives an event to send: one that is open, or, unless only those are
// wanted, sometimes a new one.
func (tr *traffic) take(openOnly bool) string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if len(tr.open) > 0 && (openOnly || tr.next%2 == 0) {
		id := tr.open[0]
		tr.open = tr.open[1:]
		tr.again++
		tr.next++
		return id
	}
	if openOnly {
		return ""
	}
	tr.next++
	return fmt.Sprintf("evt_%d", tr.next)
}

func (tr *traffic) put(id string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.open = append(tr.open, id)
}

func (tr *traffic) ack(id string) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.acked[id]++
}

// deliver sends one signed event and reports whether it was acknowledged.
func deliver(ctx context.Context, client *http.Client, target, id string) bool {
	body, err := json.Marshal(map[string]any{
		"id": id, "type": "agent.task.completed", "timestamp": time.Now().UTC().Format(time.RFC3339),
		"data": map[string]any{"task_id": "task_" + id, "result": map[string]any{"id": id}},
	})
	if err != nil {
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return false
	}
	mac := hmac.New(sha256.New, []byte(testKey))
	mac.Write(body)
	req.Header.Set("X-Claude-Signature", hex.EncodeToString(mac.Sum(nil)))
	res, err := client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode == http.StatusOK
}

// judge holds the effects against what was acknowledged.
func judge(t *testing.T, url string, mode pgstore.Mode, tr *traffic) {
	t.Helper()
	if mode == pgstore.ModeQueue { // jobs of killed workers are tried again after a while
		store := open(t, pgstore.Config{URL: url, Mode: mode})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		if err := store.Drain(ctx); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT convert_from(event_id, 'UTF8'), count(*) FROM webhook_audit_log GROUP BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	effects := map[string]int{}
	var id string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		effects[id] = n
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	lost, twice, unknown := 0, 0, 0
	for id := range tr.acked {
		if effects[id] == 0 {
			lost++
		}
	}
	for id, n := range effects {
		if n > 1 {
			twice++
		}
		if tr.acked[id] == 0 {
			unknown++
		}
	}
	t.Logf("%d kills, %d events acknowledged, %d sent again", kills, len(tr.acked), tr.again)
	if lost > 0 || twice > 0 || unknown > 0 || len(tr.open) > 0 {
		t.Errorf("%d acknowledged and lost, %d processed twice, %d of no acknowledged event, %d still open", lost, twice, unknown, len(tr.open))
	}
	if tr.again == 0 || len(tr.acked) < kills {
		t.Errorf("%d acknowledged, %d sent again: the kills met no traffic", len(tr.acked), tr.again)
	}
}
