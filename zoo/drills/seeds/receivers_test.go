package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"hookdrill/internal/fixes"
)

// The pages of the requirements name just the receivers that are drilled because they break one.
func TestPagesNameTheReceivers(t *testing.T) {
	t.Parallel()
	known, err := fixes.All()
	if err != nil {
		t.Fatal(err)
	}
	breaks := map[string][]string{}
	for _, r := range receivers() {
		for _, id := range r.fails {
			breaks[id] = append(breaks[id], r.name)
		}
	}
	for id := range breaks {
		if _, there := known[id]; !there {
			t.Errorf("%s is no requirement", id)
		}
	}
	for id, f := range known {
		slices.Sort(breaks[id])
		slices.Sort(f.Drills)
		if !slices.Equal(breaks[id], f.Drills) {
			t.Errorf("%s: fixes.yaml names %v, and those that are drilled are %v", id, f.Drills, breaks[id])
		}
		if strings.HasPrefix(id, "DUR-") && len(breaks[id]) == 0 {
			t.Errorf("%s: no receiver shows that its drill can fail", id)
		}
	}
}

// A defect that a receiver is started with is one that it has.
func TestReceiversHaveTheirDefects(t *testing.T) {
	t.Parallel()
	has := map[bool]string{}
	for postgres, file := range map[bool]string{false: "../receiver.py", true: "../pgreceiver/effects.go"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		has[postgres] = string(data)
	}
	for _, r := range receivers() {
		if r.defect != "" && !regexp.MustCompile(`["\x60]`+regexp.QuoteMeta(r.defect)+`["\x60]`).MatchString(has[r.postgres]) {
			t.Errorf("%s: no receiver knows the defect %s", r.name, r.defect)
		}
	}
}
