// Package alerts holds the Prometheus alerts for the reference receiver, as a
// rule file. It knows the names of the receiver's metrics, and nothing else.
package alerts

import _ "embed"

//go:embed hookdrill-receiver.rules.yml
var rules string

// Rules is the rule file. Each alert has a summary, a description and, as
// runbook, the section of docs/runbook.md that says what to do.
func Rules() string { return rules }
