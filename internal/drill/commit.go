package drill

import (
	"context"
	"fmt"
	"slices"

	"hookdrill/internal/faultproxy"
	"hookdrill/reports"
)

const (
	// lossesDrawn is how many commits are cut.
	lossesDrawn = 6
	// shortAnswer is more than the shortest answers of databases are long, in bytes.
	shortAnswer = 12
)

// lostCommits: DUR-07.
func (t *trial) lostCommits(ctx context.Context) verdict {
	if v, not := t.database(ctx); not {
		return v
	}
	// Receivers that keep an id otherwise than it is written show no commit by it: then all
	// commits count.
	for _, byID := range []bool{true, false} {
		seen, err := t.losing(ctx, byID)
		if err != nil {
			return nothing(err)
		}
		if seen.Lost > 0 {
			what := "commits"
			if seen.Blind {
				what = "requests (commits cannot be told from others there)"
			}
			return verdict{actual: fmt.Sprintf("the connection was cut at %d of %d %s", seen.Lost, seen.Commits, what)}
		}
	}
	return verdict{reports.NotExercised, "", "no commit of the receiver was recognised, so none was cut"}
}

// losing delivers events while connections are cut at commits.
func (t *trial) losing(ctx context.Context, byID bool) (faultproxy.Losses, error) {
	losses := t.losses()
	f, err := t.prepare(ctx, many, 0)
	if err != nil {
		return faultproxy.Losses{}, err
	}
	var ids []string
	if byID {
		for _, e := range f.steady {
			ids = append(ids, e.EventID)
		}
	}
	t.cfg.Database.LoseCommits(losses, ids, func(l faultproxy.Loss) {
		if l.Before {
			t.note("the connection to the database is cut before commit %d reaches it", l.At)
		} else {
			t.note("the connection to the database is cut after commit %d reached it, and before its answer", l.At)
		}
	})
	f.begin(every)
	f.wait()
	seen := t.cfg.Database.Losses()
	if err := t.cfg.Database.Heal(ctx); err != nil {
		return seen, err //nolint:wrapcheck // it says what failed
	}
	t.note("%d of %d commits were cut", seen.Lost, seen.Commits)
	return seen, nil
}

// losses draws which commits are cut: half of them before the database has them, half after.
func (t *trial) losses() []faultproxy.Loss {
	before := make([]bool, lossesDrawn)
	for i := range before {
		before[i] = i%2 == 0
	}
	t.rng.Shuffle(len(before), func(i, j int) { before[i], before[j] = before[j], before[i] })
	var out []faultproxy.Loss
	at := 0
	for _, b := range before {
		at += t.between(2, 5)
		out = append(out, faultproxy.Loss{At: at, Before: b, Byte: t.rng.IntN(shortAnswer)})
	}
	return slices.Clip(out)
}
