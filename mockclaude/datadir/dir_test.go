package datadir

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"hookdrill/mockclaude"
	"hookdrill/mockclaude/engine"
)

// childDir names, to the test binary, the directory that it writes to until it
// is killed.
const childDir = "DATADIR_TEST_WRITE_TO"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		writeForever(dir)
		return
	}
	goleak.VerifyTestMain(m)
}

func open(t testing.TB, path string) *Dir {
	t.Helper()
	d, err := Open(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func save(t testing.TB, d *Dir, b *engine.Batch) {
	t.Helper()
	if err := d.Save(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func load(t testing.TB, d *Dir) *engine.Saved {
	t.Helper()
	s, err := d.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(s int) time.Time { return time.Unix(1_700_000_000+int64(s), 123456789).UTC() }

func delivery(id uint64) engine.SavedDelivery {
	return engine.SavedDelivery{Delivery: engine.Delivery{
		ID: id, Endpoint: "we_1", EventID: fmt.Sprintf("evt_%d", id), Type: "agent.task.completed", TaskID: "task_1",
		State: engine.Pending, Created: at(1), Due: at(2), Body: `{"id":"evt_` + strconv.FormatUint(id, 10) + `","note":"ä\u0000"}`,
	}}
}

func whole() *engine.Batch {
	d := delivery(2)
	d.State, d.Attempts, d.Due, d.Finished, d.Status, d.Err = engine.Abandoned, 11, time.Time{}, at(9), 503, mockclaude.ErrTruncated
	d.Redelivery, d.Sent = 1, at(3)
	return &engine.Batch{
		Endpoints: []engine.SavedEndpoint{{
			Endpoint: engine.Endpoint{
				ID: "we_1", URL: "http://127.0.0.1:1/a?token=x", Types: []string{"a", "b"}, Concurrency: 3,
				Created: at(0), Disabled: "why", Paused: true, Failures: 4,
			},
			Keys: mockclaude.Keys{Current: []byte("now\x00"), Previous: []byte("before")},
		}, {
			Endpoint: engine.Endpoint{ID: "we_2", URL: "http://127.0.0.1:2/", Concurrency: 1, Created: at(1)},
			Keys:     mockclaude.Keys{Current: []byte("k")},
		}},
		Deliveries: []engine.SavedDelivery{delivery(1), d},
		Attempts: []engine.Attempt{{
			ID: 5, Delivery: 2, Endpoint: "we_1", EventID: "evt_2", Type: "t", Number: 3, Fault: "cut", Extra: true, Late: true, OK: true, Why: "w",
			NextWait: 1.5,
			Exchange: mockclaude.Exchange{
				Target: "http://x/", Conn: 7, Reused: true, Start: at(4), Duration: time.Second,
				Request: "POST <&>", Sent: true, Status: 200, Proto: "HTTP/1.1", Response: "HTTP/1.1 200", ResponseBytes: 9, Complete: true,
				Closes: true, Location: "l", Date: "d", Server: "s", Allow: "a", RetryAfter: "1", Err: mockclaude.ErrTimeout, ErrText: "e",
				Leaks: []string{mockclaude.LeakKey},
			},
		}},
		Counters: engine.Counters{
			LastDelivery: 2, LastAttempt: 5, LastEndpoint: 2, LastEvent: 8,
			Stats: engine.Stats{Accepted: 2, Faults: map[string]uint64{"cut": 1}, Oldest: at(2)},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "data ?#%", "dir")
	d := open(t, path)
	if got := load(t, d); !reflect.DeepEqual(got, &engine.Saved{}) {
		t.Errorf("a new directory holds %+v", got)
	}
	b := whole()
	save(t, d, b)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, path)
	for i := range b.Endpoints {
		b.Endpoints[i].KeyID = b.Endpoints[i].Keys.ID()
	}
	want := &engine.Saved{Endpoints: b.Endpoints, Deliveries: b.Deliveries, Attempts: b.Attempts, Counters: b.Counters}
	if got := load(t, d); !reflect.DeepEqual(got, want) {
		have, _ := json.MarshalIndent(got, "", " ")
		wanted, _ := json.MarshalIndent(want, "", " ")
		t.Errorf("got %s\nwant %s", have, wanted)
	}
	for name, mode := range map[string]os.FileMode{path: 0o700, filepath.Join(path, database): 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}

	changed := delivery(1)
	changed.State, changed.Attempts = engine.Delivered, 2
	save(t, d, &engine.Batch{
		Removed: []string{"we_2"}, Deliveries: []engine.SavedDelivery{changed}, ForgetDeliveries: []uint64{2, 99}, ForgetAttempts: []uint64{5},
		Counters: engine.Counters{LastDelivery: 3},
	})
	got := load(t, d)
	if len(got.Endpoints) != 1 || len(got.Deliveries) != 1 || got.Deliveries[0].Attempts != 2 || len(got.Attempts) != 0 || got.Counters.LastDelivery != 3 {
		t.Errorf("after changes: %+v", got)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		prepare func(t *testing.T, dir string)
		want    string
	}{
		"used by another": {func(t *testing.T, dir string) {
			t.Helper()
			open(t, dir)
		}, "another hookdrill mock"},
		"no database": {func(t *testing.T, dir string) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, database), []byte(strings.Repeat("not a database ", 300)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "move it away"},
		"a newer version": {func(t *testing.T, dir string) {
			t.Helper()
			d := open(t, dir)
			if _, err := d.db.ExecContext(t.Context(), "PRAGMA user_version = 2"); err != nil {
				t.Fatal(err)
			}
			d.Close()
		}, "newer hookdrill"},
		"a file": {func(t *testing.T, dir string) {
			t.Helper()
			os.Remove(dir)
			if err := os.WriteFile(dir, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "make data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			c.prepare(t, dir)
			before, _ := os.ReadFile(filepath.Join(dir, database))
			_, err := Open(t.Context(), dir)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Open = %v, want …%s…", err, c.want)
			}
			if after, _ := os.ReadFile(filepath.Join(dir, database)); name != "used by another" && string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestAllOrNothing: a batch of which a part cannot be written is not written.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	save(t, d, &engine.Batch{Deliveries: []engine.SavedDelivery{delivery(1)}})
	if _, err := d.db.ExecContext(t.Context(), "DROP TABLE attempts"); err != nil {
		t.Fatal(err)
	}
	err := d.Save(t.Context(), &engine.Batch{Deliveries: []engine.SavedDelivery{delivery(2)}, Attempts: []engine.Attempt{{ID: 1}}})
	if err == nil || !strings.Contains(err.Error(), "save to ") {
		t.Errorf("Save = %v", err)
	}
	var n int
	if err := d.db.QueryRowContext(t.Context(), "SELECT count(*) FROM deliveries").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d deliveries, %v", n, err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.Save(canceled, &engine.Batch{}); err == nil {
		t.Error("Save with a context that has ended is nil")
	}
}

func TestUnknownState(t *testing.T) {
	t.Parallel()
	d := open(t, t.TempDir())
	v := delivery(1)
	v.State = "lost"
	save(t, d, &engine.Batch{Deliveries: []engine.SavedDelivery{v}})
	if _, err := d.Load(t.Context()); err == nil || !strings.Contains(err.Error(), `"lost"`) {
		t.Errorf("Load = %v", err)
	}
}

// writeForever saves batch after batch and says so after each.
func writeForever(path string) {
	d, err := Open(context.Background(), path)
	if err != nil {
		fmt.Fprintln(os.Stdout, err)
		return
	}
	for id := uint64(1); ; id += 10 {
		b := &engine.Batch{Counters: engine.Counters{LastDelivery: id + 9}}
		for i := range uint64(10) {
			b.Deliveries = append(b.Deliveries, delivery(id+i))
		}
		if err := d.Save(context.Background(), b); err != nil {
			fmt.Fprintln(os.Stdout, err)
			return
		}
		fmt.Fprintln(os.Stdout, id+9)
	}
}

// TestKilled kills a process while it saves and looks for what it had said was
// saved.
func TestKilled(t *testing.T) {
	t.Parallel()
	for range 5 {
		path := t.TempDir()
		cmd := exec.CommandContext(t.Context(), os.Args[0]) //nolint:gosec // this very program
		cmd.Env = append(os.Environ(), childDir+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		said := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			n, err := strconv.Atoi(lines.Text())
			if err != nil {
				t.Fatal(lines.Text())
			}
			if said = n; n == 300 {
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		s := load(t, open(t, path))
		if said < 300 || len(s.Deliveries) < said || len(s.Deliveries)%10 != 0 || int(s.Counters.LastDelivery) != len(s.Deliveries) {
			t.Errorf("%d were said to be saved, %d are there, counters %+v", said, len(s.Deliveries), s.Counters)
		}
		db, err := sql.Open("sqlite", filepath.Join(path, database))
		if err != nil {
			t.Fatal(err)
		}
		var check string
		if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
			t.Errorf("integrity check: %s, %v", check, err)
		}
		db.Close()
	}
}

func BenchmarkSave(b *testing.B) {
	for _, n := range []int{1, 100, 1000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			d := open(b, b.TempDir())
			id := uint64(0)
			for b.Loop() {
				batch := &engine.Batch{}
				for range n {
					id++
					batch.Deliveries = append(batch.Deliveries, delivery(id))
				}
				save(b, d, batch)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/delivery")
		})
	}
}
