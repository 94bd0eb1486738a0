package pgstore

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	// backlogEvery bounds how often a scrape counts the queue.
	backlogEvery = 5 * time.Second
	// scrapeTimeout bounds the counting: a scrape must not wait for a database
	// that is gone.
	scrapeTimeout = time.Second
)

// meter counts what the store does.
type meter struct {
	store      *Store
	batches    prometheus.Histogram
	failures   prometheus.Counter
	pool       *prometheus.Desc
	limit      *prometheus.Desc
	waits      *prometheus.Desc
	backlog    *prometheus.Desc
	oldest     *prometheus.Desc
	partitions *prometheus.Desc

	mu      sync.Mutex
	counted time.Time
	states  map[string]float64
	age     float64
	weeks   float64
}

var _ prometheus.Collector = (*Store)(nil)

func newMeter(s *Store) *meter {
	const ns = "hookdrill_receiver_"
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(ns+name, help, labels, nil)
	}
	return &meter{
		store: s,
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: ns + "batch_events", Help: "Events that share a transaction.", Buckets: prometheus.ExponentialBuckets(1, 2, 10),
		}),
		failures:   prometheus.NewCounter(prometheus.CounterOpts{Name: ns + "store_errors_total", Help: "Events that the store could not record."}),
		pool:       desc("pool_connections", "Connections to the database.", "state"),
		limit:      desc("pool_connections_limit", "Connections to the database that the pool may open."),
		waits:      desc("pool_waits_total", "Times that no connection was free at once."),
		backlog:    desc("backlog", "Events accepted and not yet processed, by the state of their job; discarded are dead letters.", "state"),
		oldest:     desc("backlog_oldest_seconds", "Age of the oldest event that waits for a worker."),
		partitions: desc("audit_partitions_ahead", "Weeks that the audit log has partitions for, beyond this one."),
	}
}

func (m *meter) batch(events int, results []result) {
	m.batches.Observe(float64(events))
	for _, r := range results {
		if r.err != nil {
			m.failures.Inc()
		}
	}
}

// Describe implements [prometheus.Collector].
func (s *Store) Describe(descs chan<- *prometheus.Desc) {
	m := s.meter
	m.batches.Describe(descs)
	m.failures.Describe(descs)
	for _, d := range []*prometheus.Desc{m.pool, m.limit, m.waits, m.backlog, m.oldest, m.partitions} {
		descs <- d
	}
}

// Collect implements [prometheus.Collector]. What has to be asked of the
// database is asked every 5 s at most, and left out when it does not answer.
func (s *Store) Collect(out chan<- prometheus.Metric) {
	m := s.meter
	m.batches.Collect(out)
	m.failures.Collect(out)
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	stat := s.pool.Stat()
	gauge(m.pool, float64(stat.AcquiredConns()), "in_use")
	gauge(m.pool, float64(stat.IdleConns()), "idle")
	gauge(m.limit, float64(stat.MaxConns()))
	out <- prometheus.MustNewConstMetric(m.waits, prometheus.CounterValue, float64(stat.EmptyAcquireCount()))

	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.count() {
		return
	}
	gauge(m.partitions, m.weeks)
	if s.queue == nil {
		return
	}
	for _, state := range []string{"available", "running", "retryable", "scheduled", "discarded"} {
		gauge(m.backlog, m.states[state], state)
	}
	gauge(m.oldest, m.age)
}

// count asks the database and reports whether its numbers are fresh.
func (m *meter) count() bool {
	if time.Since(m.counted) < backlogEvery {
		return true
	}
	ctx, cancel := context.WithTimeout(m.store.ctx, scrapeTimeout)
	defer cancel()
	err := m.store.pool.QueryRow(ctx, `SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = to_regclass($1::text) AND c.relname > $2`, auditTable, partitionName(week(time.Now()))).Scan(&m.weeks)
	if err == nil && m.store.queue != nil {
		err = m.countQueue(ctx)
	}
	if err != nil {
		return false
	}
	m.counted = time.Now()
	return true
}

// countQueue uses the index on the state: completed jobs are not looked at.
func (m *meter) countQueue(ctx context.Context) error {
	rows, err := m.store.pool.Query(ctx, `
		SELECT state::text, count(*)::float8, coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8
		FROM river_job WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'discarded') AND kind = $1 GROUP BY state`, jobKind)
	if err != nil {
		return err //nolint:wrapcheck // it only says that there are no numbers
	}
	m.states, m.age = map[string]float64{}, 0
	var state string
	var n, age float64
	_, err = pgx.ForEachRow(rows, []any{&state, &n, &age}, func() error {
		m.states[state] = n
		if state != "discarded" {
			m.age = max(m.age, age)
		}
		return nil
	})
	return err //nolint:wrapcheck // it only says that there are no numbers
}
