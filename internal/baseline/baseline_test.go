package baseline

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func day1(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestParseNamesLineAndMend(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, want string }{
		"no reason":   {"known:\n  - id: SIG-06\n    expires: 2027-01-01\n", "b.yaml:2: SIG-06 has no reason; say"},
		"no id":       {"known:\n  - reason: x\n    expires: 2027-01-01\n", "b.yaml:2: an entry has no id"},
		"no date":     {"known:\n  - id: SIG-06\n    reason: x\n", `want a date such as 2027-01-31, have ""`},
		"wrong date":  {"known:\n  - id: SIG-06\n    reason: x\n    expires: 1.2.2027\n", "want a date"},
		"twice":       {"known:\n  - {id: SIG-06, reason: x, expires: 2027-01-01}\n  - {id: SIG-06, reason: x, expires: 2027-01-01}\n", "b.yaml:3: SIG-06 is there twice"},
		"link":        {"known:\n  - {id: SIG-06, reason: x, expires: 2027-01-01, link: 'javascript:alert(1)'}\n", "https://"},
		"status":      {"known:\n  - {id: SIG-06, reason: x, expires: 2027-01-01, status: pass}\n", "not_exercised"},
		"unknown key": {"known:\n  - {id: SIG-06, reson: x}\n", "reson"},
		"no list":     {"SIG-06: x\n", `a list "known"`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse([]byte(tt.text), "b.yaml", false); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse() = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestExpired(t *testing.T) {
	t.Parallel()
	e := Entry{Expires: "2027-01-31"}
	if e.Expired(day1(t, "2027-01-31T23:59:59Z")) {
		t.Error("expired on its last day")
	}
	if !e.Expired(day1(t, "2027-02-01T00:00:00Z")) {
		t.Error("not expired on the day after")
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte("known:\n"+
		"  - {id: SIG-07, reason: whole, expires: 2027-01-01}\n"+
		"  - {id: PAY-02/null, reason: kept, link: https://example.com/1, expires: 2027-01-01}\n"+
		"  - {id: IDEM-02, reason: not decided, expires: 2027-01-01}\n"+
		"  - {id: IDEM-07, status: not_exercised, reason: limit, expires: 2027-01-01}\n"+
		"  - {id: HTTP-01/GET, reason: passes, expires: 2027-01-01}\n"), "b.yaml", false)
	if err != nil {
		t.Fatal(err)
	}
	got := f.Update([]string{"SIG-07/one", "PAY-02/null", "RPL-01/old"}, []string{"HTTP-01/GET", "HTTP-01"}, day1(t, "2026-10-03T00:00:00Z"))
	data, err := got.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse(data, "b.yaml", true)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{ID: "IDEM-02", Reason: "not decided", Expires: "2027-01-01"},
		{ID: "IDEM-07", Status: "not_exercised", Reason: "limit", Expires: "2027-01-01"},
		{ID: "PAY-02/null", Reason: "kept", Link: "https://example.com/1", Expires: "2027-01-01"},
		{ID: "RPL-01/old", Expires: "2027-01-01"},
		{ID: "SIG-07", Reason: "whole", Expires: "2027-01-01"},
	}
	if !reflect.DeepEqual(again.Known, want) {
		t.Errorf("Update() = %+v", again.Known)
	}
	if u := got.Unexplained(); len(u) != 1 || u[0] != "RPL-01/old" {
		t.Errorf("Unexplained() = %v", u)
	}
	if _, err := Parse(data, "b.yaml", false); err == nil || !strings.Contains(err.Error(), "RPL-01/old has no reason") {
		t.Errorf("the updated file is taken without a reason: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("known:\n  - {id: SIG-06, reason: x, expires: 2027-01-01}\n")
	f.Fuzz(func(_ *testing.T, text string) { _, _ = Parse([]byte(text), "b.yaml", false) })
}
