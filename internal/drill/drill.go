// Package drill kills a receiver, stops it, and takes its database away while events are under
// way, and counts what is left: what was acknowledged and lost, and what was done twice.
//
// When a fault comes depends on progress, the k-th acknowledgement, and not on time, so that
// a seed means the same on a slow machine.
package drill

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"time"

	"hookdrill/contract"
	"hookdrill/internal/faultproxy"
	"hookdrill/internal/managed"
	"hookdrill/mockclaude"
	"hookdrill/observe"
	"hookdrill/reports"
)

// Config is what drills need.
type Config struct {
	Contract *contract.Contract
	Sender   *mockclaude.Sender
	Receiver Receiver
	// Address is where the receiver is, as host:port, Host what a request calls it, and Via
	// makes a sender that finds it at another address.
	Address, Host string
	Via           func(address string) (*mockclaude.Sender, error)
	// Database is the proxy in front of the receiver's database, nil when it was given none.
	Database *faultproxy.Proxy
	// Observers say what the receiver did; without them a drill can fail and not pass.
	Observers []observe.Observer
	// Settle bounds the wait for effects. A queue whose worker was killed hands its job to
	// another only after its time limit, often tens of seconds: a receiver is not accused of a
	// loss before that.
	Settle time.Duration
	Seed   uint64
	Repeat func(id string) string
	Now    func() time.Time
}

// Receiver is a receiver that can be stopped and started.
type Receiver interface {
	// Running reports whether it runs.
	Running() bool
	// Start starts it and waits until it listens.
	Start(ctx context.Context) error
	// Stop asks it to end and waits until it is gone; after the limit it is killed. It
	// returns how long it took, and whether it ended by itself.
	Stop(limit time.Duration) (took time.Duration, inOrder bool, err error)
	// Kill ends it without warning. Kills says whether that can be done, or why not.
	Kill() error
	Kills() (can bool, why string)
	// Means says by what it is stopped and killed, for timelines.
	Means() (stop, kill string)
}

// Drills carries out drills against one receiver, one after the other.
type Drills struct {
	cfg Config
	// speed is how many times shorter than in the contract the waits of retries are.
	speed float64
}

const (
	// scheduleLasts is how long the retries of an event are made to last together.
	scheduleLasts = 12 * time.Second
	// stopLimit is how long a receiver may take to end in order.
	stopLimit = 30 * time.Second
	// patience is how long a receiver may take to stop where that is not what is judged.
	patience = 5 * time.Second
	// recovery is how long after the last of its retries an event is still tried, so that a
	// receiver is judged by what it does and not by when the schedule ends.
	recovery = 20 * time.Second
)

// New makes drills.
func New(cfg Config) *Drills {
	total := 0.0
	for _, w := range cfg.Contract.Retries.Waits {
		total += time.Duration(w).Seconds()
	}
	return &Drills{cfg: cfg, speed: max(1, total/scheduleLasts.Seconds())}
}

// Known reports whether there is a drill for a requirement.
func Known(id string) bool { return scripts()[id] != nil }

func scripts() map[string]func(*trial, context.Context) verdict {
	return map[string]func(*trial, context.Context) verdict{
		"IDEM-10": (*trial).copyAfterRestart,
		"DUR-01":  (*trial).killed,
		"DUR-02":  (*trial).stopped,
		"DUR-03":  (*trial).withoutDatabase,
		"DUR-04":  (*trial).silentDatabase,
		"DUR-05":  (*trial).slowDatabase,
		"DUR-06":  (*trial).outage,
		"DUR-07":  (*trial).lostCommits,
		"DUR-08":  (*trial).lostAnswers,
		"DUR-09":  (*trial).halfOpened,
		"DUR-10":  (*trial).narrowLine,
	}
}

// verdict is what a drill found by what was answered. Status "" leaves it to the effects.
type verdict struct {
	status reports.Status
	actual string
	why    string
}

// Run carries out the drill for a requirement and judges it.
func (d *Drills) Run(ctx context.Context, r contract.Requirement) (check reports.Check) {
	started := d.cfg.Now()
	check = reports.Check{
		ID: r.ID, Family: r.Family, Level: reports.Level(r.Level), Need: string(r.Need), Title: r.Title,
		Requirement: "Sent: " + r.Sent + ". Right: " + r.Right + ".", Matters: r.Matters,
	}
	t := d.trial(r.ID, started)
	found := t.carry(ctx, scripts()[r.ID])
	if found.status == reports.Fail {
		t.look(ctx)
	}
	if ctx.Err() != nil {
		found = verdict{reports.NotExercised, "", "the run was stopped in the middle of the drill"}
	}
	check.Status, check.Why = found.status, found.why
	check.DurationMS = d.cfg.Now().Sub(started).Milliseconds()
	one := reports.Case{
		Name: "drill", Status: found.status, Expected: r.Right, Actual: found.actual, Why: found.why, Exchanges: t.evidence(), Timeline: t.told(found.status),
	}
	if d.cfg.Repeat != nil {
		one.Repeat = d.cfg.Repeat(r.ID)
	}
	check.Cases = []reports.Case{one}
	return check
}

// trial is one drill under way.
type trial struct {
	*Drills
	id  string
	rng *rand.Rand
	*book
}

func (d *Drills) trial(id string, started time.Time) *trial {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return &trial{Drills: d, id: id, rng: rand.New(rand.NewPCG(d.cfg.Seed, h.Sum64())), book: newBook(started, d.cfg.Now)} //nolint:gosec // repeatable on purpose
}

// carry carries out a drill, mends what it broke, and judges the effects.
func (t *trial) carry(ctx context.Context, script func(*trial, context.Context) verdict) (found verdict) {
	defer func() {
		if p := recover(); p != nil {
			found = verdict{reports.Error, "", fmt.Sprintf("the drill panicked: %v", p)}
		}
	}()
	if !t.cfg.Receiver.Running() {
		if err := t.start(ctx); err != nil {
			return verdict{reports.NotExercised, "", "before the drill " + err.Error()}
		}
	}
	if t.cfg.Database != nil {
		defer func() { _ = t.cfg.Database.Heal(context.WithoutCancel(ctx)) }()
	}
	found = script(t, ctx)
	if found.status != "" || ctx.Err() != nil {
		return found
	}
	return t.effects(ctx, found.actual)
}

// startTries is how often a receiver that does not start is started: whatever runs it in
// production does so too.
const startTries = 3

// start starts the receiver again.
func (t *trial) start(ctx context.Context) (err error) {
	for range startTries {
		t.note("the receiver is started")
		if err = t.cfg.Receiver.Start(ctx); err == nil {
			t.note("it listens")
			return nil
		}
		t.note("it does not start")
		if ctx.Err() != nil {
			break
		}
	}
	return err //nolint:wrapcheck // it says what failed
}

// stop asks the receiver to stop. The observers' idle connections are closed before: some
// servers wait for them.
func (t *trial) stop(limit time.Duration) (took time.Duration, inOrder bool, err error) {
	for _, o := range t.cfg.Observers {
		if probe, keeps := o.(interface{ CloseIdle() }); keeps {
			probe.CloseIdle()
		}
	}
	return t.cfg.Receiver.Stop(limit) //nolint:wrapcheck // it says what failed
}

// unable is a verdict when what should be done to the receiver could not be done.
func unable(err error) verdict { return verdict{reports.NotExercised, "", err.Error()} }

// restarted is a verdict when the receiver did not come back.
func restarted(err error) verdict {
	var start *managed.StartError
	if errors.As(err, &start) && start.Busy {
		return nothing(err) // not the receiver's doing
	}
	return verdict{reports.Fail, "it did not start again", err.Error()}
}
