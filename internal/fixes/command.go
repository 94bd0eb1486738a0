package fixes

import (
	"strings"

	"hookdrill/contract"
)

// Command returns the lines of a shell that check this requirement and no other: of a receiver on
// this machine, with whatever else its check wants. A load test measures its whole family.
func (f Fix) Command(r contract.Requirement) []string {
	var lines []string
	if f.Database {
		lines = append(lines, "export DATABASE_URL=postgres://user@127.0.0.1:5432/test")
	}
	command := "hookdrill conformance"
	if r.Family == "LOAD" {
		command = "hookdrill loadtest"
	}
	managed := strings.Contains(f.With, "--exec ")
	if !managed && !strings.Contains(f.With, "--target ") {
		command += " --target http://127.0.0.1:8080/webhooks/claude"
	}
	if f.With != "" {
		command += " " + f.With
	}
	observed := r.Need == contract.NeedObserved || r.Need == contract.NeedManaged
	if observed && r.Family != "API" && !strings.Contains(f.With, "--observe ") { // the witness observes for API
		command += " --observe " + map[bool]string{true: "'http://127.0.0.1:{port}/probe'", false: "http://127.0.0.1:8080/probe"}[managed]
	}
	if r.Family != "LOAD" {
		command += " --only " + r.ID
	}
	return append(lines, command)
}
