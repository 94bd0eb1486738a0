// Package specrun runs Ginkgo specs from an ordinary program.
//
// It is the only package that touches Ginkgo's global state: one run a
// process, its output switched off (stdout belongs to the report), its exit
// code ignored in favour of the verdict. It must not know what the specs check.
package specrun

import (
	"errors"
	"io"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/ginkgo/v2/extensions/globals"
	"github.com/onsi/ginkgo/v2/formatter"
	"github.com/onsi/ginkgo/v2/types"
	"github.com/onsi/gomega"
)

// Result is what Ginkgo says about a run.
type Result struct {
	// Specs maps a label to the states of the specs that bear it, in order.
	Specs map[string][]State
	// Failed lists the failure messages of specs that bear no label.
	Failed []string
}

// State is Ginkgo's word for what became of a spec: passed, failed, skipped,
// panicked, interrupted, timedout, aborted or pending.
type State string

// Options of a run.
type Options struct {
	// Timeout bounds the whole run; 0 is two hours.
	Timeout time.Duration
}

// Run runs the specs that register registers. It must not be called from two
// goroutines at once.
func Run(description string, register func(), o Options) (*Result, error) {
	globals.Reset() // a second run in one process needs fresh globals
	if o.Timeout <= 0 {
		o.Timeout = 2 * time.Hour
	}
	formatter.ColorableStdOut = io.Discard
	gomega.RegisterFailHandler(ginkgo.Fail)
	result := &Result{Specs: map[string][]State{}}
	register()
	ginkgo.ReportAfterEach(func(r types.SpecReport) {
		labels := r.Labels()
		for _, l := range labels {
			result.Specs[l] = append(result.Specs[l], State(r.State.String()))
		}
		if len(labels) == 0 && r.Failed() {
			result.Failed = append(result.Failed, r.LeafNodeText+": "+r.FailureMessage())
		}
	})
	suite, reporter := ginkgo.GinkgoConfiguration()
	suite.Timeout = o.Timeout
	suite.GracePeriod = 30 * time.Second
	suite.RandomizeAllSpecs = false
	suite.RandomSeed = 1
	suite.FailOnEmpty = true
	reporter.NoColor = true
	reporter.Succinct = true
	t := &outcome{}
	ginkgo.RunSpecs(t, description, suite, reporter)
	if len(result.Specs) == 0 && len(result.Failed) == 0 {
		return result, errors.New("run specs: Ginkgo ran no spec")
	}
	return result, nil
}

// outcome stands in for the *testing.T that RunSpecs wants to fail; the verdict
// decides in its place.
type outcome struct{ failed bool }

// Fail notes that some spec failed.
func (o *outcome) Fail() { o.failed = true }
