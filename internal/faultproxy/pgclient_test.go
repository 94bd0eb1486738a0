package faultproxy

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestKindOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]kind{
		"COMMIT": kindCommit, "commit;": kindCommit, " \n end ": kindCommit, "-- why\n/* x */ COMMIT AND CHAIN": kindCommit,
		"begin": kindBegin, "START TRANSACTION ISOLATION LEVEL SERIALIZABLE": kindBegin, "BEGIN;": kindBegin,
		"rollback": kindRollback, "ROLLBACK TO SAVEPOINT a": kindOther, "SAVEPOINT a": kindOther, "abort": kindRollback,
		"insert into t values ('commit')": kindWrite, "UPDATE t SET a = 1": kindWrite, "delete from t": kindWrite, "CALL p()": kindWrite,
		"WITH x AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM x": kindWrite, "with x as (select 1) select * from x": kindOther,
		"SELECT 'COMMIT'": kindOther, "": kindOther, "--": kindOther, "/*": kindOther, "SET LOCAL x = 1": kindOther,
	} {
		if got := kindOf(in); got != want {
			t.Errorf("%q: %d, want %d", in, got, want)
		}
	}
}

func typed(tag byte, parts ...string) []byte {
	var body []byte
	for _, p := range parts {
		body = append(append(body, p...), 0)
	}
	out := binary.BigEndian.AppendUint32([]byte{tag}, uint32(len(body)+4))
	return append(out, body...)
}

func startup() []byte {
	return append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 16), 196608), "user\x00me\x00"...)
}

// TestClient finds the messages that commit, however the bytes are cut.
func TestClient(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		messages [][]byte
		commits  []int // which of them commit
	}{
		{"simple", [][]byte{typed('Q', "BEGIN"), typed('Q', "INSERT INTO t VALUES ('evt_1')"), typed('Q', "COMMIT")}, []int{2}},
		{"another event", [][]byte{typed('Q', "BEGIN"), typed('Q', "INSERT INTO t VALUES ('evt_2')"), typed('Q', "COMMIT")}, nil},
		{"undone", [][]byte{typed('Q', "BEGIN"), typed('Q', "INSERT INTO t VALUES ('evt_1')"), typed('Q', "ROLLBACK"), typed('Q', "BEGIN; COMMIT")}, nil},
		{"one text", [][]byte{typed('Q', "BEGIN; INSERT INTO t VALUES ('evt_1'); COMMIT")}, []int{0}},
		{"a statement by itself", [][]byte{typed('Q', "INSERT INTO t VALUES ('evt_1')"), typed('Q', "SELECT 'evt_1'")}, []int{0}},
		{"read only", [][]byte{typed('Q', "SELECT 'evt_1'"), typed('Q', "INSERT INTO t VALUES (1)")}, nil},
		{"extended", [][]byte{
			typed('P', "", "begin"), typed('B', "", ""), typed('E', ""), typed('S'),
			typed('P', "s1", "INSERT INTO t VALUES ($1)"), typed('B', "", "s1", "evt_1"), typed('E', ""), typed('S'),
			typed('P', "", "commit"), typed('B', "", ""), typed('E', ""), typed('S'),
		}, []int{10}},
		{"extended, by itself", [][]byte{typed('P', "s1", "INSERT INTO t VALUES ($1)"), typed('B', "p", "s1", "evt_1"), typed('E', "p"), typed('S')}, []int{3}},
		{"prepared before", [][]byte{typed('P', "s1", "COMMIT"), typed('S'), typed('Q', "BEGIN"), typed('Q', "UPDATE t SET a = 'evt_1'"), typed('B', "", "s1"), typed('E', ""), typed('S')}, []int{5}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			stream := startup()
			for _, m := range tt.messages {
				stream = append(stream, m...)
			}
			for _, size := range []int{1, 3, 7, len(stream)} {
				c := newClient(func(b []byte) bool { return bytes.Contains(b, []byte("evt_1")) })
				var got []message
				for rest := stream; len(rest) > 0; rest = rest[min(size, len(rest)):] {
					got = append(got, c.feed(rest[:min(size, len(rest))])...)
				}
				var out []byte
				var commits []int
				for i, m := range got {
					out = append(out, m.bytes...)
					if m.commit {
						commits = append(commits, i-1) // the start-up message comes first
					}
				}
				if !bytes.Equal(out, stream) || c.opaque {
					t.Fatalf("in pieces of %d: what goes in does not come out, opaque %t", size, c.opaque)
				}
				if len(commits) != len(tt.commits) || len(commits) > 0 && commits[0] != tt.commits[0] {
					t.Errorf("in pieces of %d: commits are %v, want %v", size, commits, tt.commits)
				}
			}
		})
	}
}

// TestClientEncrypted: what is encrypted goes through untouched.
func TestClientEncrypted(t *testing.T) {
	t.Parallel()
	ask := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), codeTLS)
	for _, yes := range []bool{true, false} {
		c := newClient(func([]byte) bool { return true })
		if m := c.feed(ask); len(m) != 1 || !c.asks {
			t.Fatalf("%v, asks %t", m, c.asks)
		}
		c.encrypted(yes)
		m := c.feed(append(startup(), typed('Q', "INSERT INTO t VALUES (1)")...))
		if c.opaque != yes || (len(m) == 2 && m[1].commit) == yes {
			t.Errorf("encrypted %t: opaque %t, %v", yes, c.opaque, m)
		}
	}
}

func FuzzClient(f *testing.F) {
	f.Add(append(startup(), typed('Q', "COMMIT")...), 3)
	f.Add(append(startup(), typed('P', "a", "COMMIT")...), 1)
	f.Add([]byte{0, 0, 0, 8, 4, 210, 22, 47, 'x'}, 2)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			size = 1
		}
		c := newClient(func([]byte) bool { return true })
		var out []byte
		for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			for _, m := range c.feed(rest[:min(size, len(rest))]) {
				out = append(out, m.bytes...)
			}
		}
		if out = append(out, c.buf...); !bytes.Equal(out, data) {
			t.Errorf("%q came out as %q", data, out)
		}
	})
}

func FuzzServer(f *testing.F) {
	f.Add(typed('Z', "I"), 1)
	f.Fuzz(func(t *testing.T, data []byte, size int) {
		if size < 1 {
			size = 1
		}
		var whole, pieces server
		want, got := whole.ready(data), false
		for rest := data; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			got = pieces.ready(rest[:min(size, len(rest))]) || got
		}
		if got != want {
			t.Errorf("ready is %t whole and %t in pieces", want, got)
		}
	})
}
