package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
)

// matrix writes the table.
func matrix(all []receiver, results [][]result, seeds int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# The drills and what they find\n\n")
	fmt.Fprintf(&b, "Written by `go run ./zoo/drills/seeds -seeds %d`: each receiver is drilled with that many seeds. A defect must be found by its drill\n", seeds)
	fmt.Fprintf(&b, "with every one of them, and a correct receiver must pass all drills that apply to it with every one of them.\n")
	table := func(title string, correct bool) {
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		if correct {
			fmt.Fprintf(&b, "| receiver | drills | passed | a run takes (median) |\n|---|---|---|---|\n")
		} else {
			fmt.Fprintf(&b, "| receiver | what is wrong | drill | found | a run takes (median) |\n|---|---|---|---|---|\n")
		}
		for i, r := range all {
			if (len(r.fails) == 0) != correct {
				continue
			}
			good := 0
			var took []time.Duration
			for _, one := range results[i] {
				if !one.done {
					continue
				}
				took = append(took, one.took)
				if len(one.problems) == 0 {
					good++
				}
			}
			if len(took) == 0 {
				continue
			}
			slices.Sort(took)
			median := took[len(took)/2].Round(time.Second)
			if correct {
				drills := "all"
				if len(r.skips) > 0 {
					drills = "all but " + strings.Join(r.skips, ", ") + ", which need a database on a network"
				}
				fmt.Fprintf(&b, "| %s (%s) | %s | %d of %d | %s |\n", r.name, r.on, drills, good, len(took), median)
			} else {
				fmt.Fprintf(&b, "| %s (%s) | %s | %s | %d of %d | %s |\n", r.name, r.on, r.wrong, strings.Join(r.fails, ", "), good, len(took), median)
			}
		}
	}
	table("Correct receivers", true)
	table("Defects", false)
	return b.Bytes()
}
