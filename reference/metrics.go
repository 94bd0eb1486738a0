package reference

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metricPrefix begins the name of every metric of a receiver's.
const metricPrefix = "hookdrill_receiver_"

// Metrics are a receiver's metrics for Prometheus, on a registry of their own.
// Every name begins with hookdrill_receiver_, durations are in seconds. No
// label's value comes from a sender. One value serves one receiver.
type Metrics struct {
	registry *prometheus.Registry

	deliveries     [results]prometheus.Counter
	good, bad, own prometheus.Observer // seconds, by class of the answer
	processing     prometheus.Observer
	store          prometheus.Observer
	byType         *prometheus.CounterVec
	events         map[string]prometheus.Counter // by documented type, and "other"; bind fills it
	last           prometheus.Gauge
	fetches        *prometheus.CounterVec
}

// NewMetrics returns metrics that name this version of the program.
func NewMetrics(version string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), events: map[string]prometheus.Counter{}}
	deliveries := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: metricPrefix + "deliveries_total", Help: "Requests to the webhook path by what came of them, and requests to unknown paths.",
	}, []string{"outcome"})
	for r := range results { // all of them, so that a first failure shows as an increase
		m.deliveries[r] = deliveries.WithLabelValues(r.String())
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: metricPrefix + "delivery_seconds", Help: "Time from a delivery's head to its answer, by class of the answer.", Buckets: buckets(),
	}, []string{"class"})
	m.good, m.bad, m.own = seconds.WithLabelValues("2xx"), seconds.WithLabelValues("4xx"), seconds.WithLabelValues("5xx")
	processing := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: metricPrefix + "processing_seconds", Help: "Time from a right signature to the decision, as Server-Timing states it.", Buckets: buckets(),
	})
	store := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: metricPrefix + "store_seconds", Help: "Time that deliveries waited for the store.", Buckets: buckets(),
	})
	events := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: metricPrefix + "events_total", Help: "Events taken, duplicates included, by documented type.",
	}, []string{"type"})
	m.byType = events
	m.last = prometheus.NewGauge(prometheus.GaugeOpts{
		Name: metricPrefix + "last_accepted_timestamp_seconds", Help: "Unix time of the last delivery answered with 2xx; 0 before the first.",
	})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: metricPrefix + "build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.processing, m.store = processing, store
	m.fetches = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: metricPrefix + "fetches_total", Help: "Attempts to fetch the resource of a thin event by what came of them: fetched, gone, waiting for another, or failed.",
	}, []string{"outcome"})
	m.registry.MustRegister(deliveries, seconds, processing, store, events, m.last, build, // they are new, and so is the registry
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// buckets go from what a small event takes to what is given up; 0.1, 0.5 and 1
// are the service levels.
func buckets() []float64 {
	return []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
}

// Handler serves the metrics as text. Whoever may reach it learns about the
// traffic, so it belongs on an address of its own.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		MaxRequestsInFlight: 4, Timeout: 10 * time.Second, ErrorHandling: promhttp.ContinueOnError, Registry: m.registry,
	})
}

// Gatherer gives the metrics to whoever exports them in another way.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// bind adds what only a handler knows, and the store's own metrics if it is a
// [prometheus.Collector].
func (m *Metrics) bind(h *handler, store Store) error {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: metricPrefix + name, Help: help}, value)
	}
	for _, t := range append([]string{otherType}, h.contract.types...) { // all of them, so that a first event shows as an increase
		m.events[t] = m.byType.WithLabelValues(t)
	}
	var all []prometheus.Collector
	if h.fetcher != nil {
		for _, state := range []FetchState{FetchDone, FetchGone, FetchWaiting, FetchFailed} {
			m.fetches.WithLabelValues(string(state))
		}
		all = append(all, m.fetches)
	}
	all = append(all,
		gauge("in_flight", "Verified deliveries that wait for the store.", func() float64 { return float64(h.waiting.used()) }),
		gauge("in_flight_limit", "How many may wait for the store before others get 503.", func() float64 { return float64(h.waiting.limit) }),
		gauge("large_bodies", "Bodies above 64 KiB in memory.", func() float64 { return float64(h.large.used()) }),
		gauge("large_bodies_limit", "How many bodies above 64 KiB may be in memory before others get 503.", func() float64 { return float64(h.large.limit) }),
		gauge("ready", "1 if /readyz says 200, else 0.", h.ready.gauge),
	)
	if c, ok := store.(prometheus.Collector); ok {
		all = append(all, c)
	}
	return m.register(all...)
}

// bindGate adds what only a listener knows.
func (m *Metrics) bindGate(g *gate) error {
	refused := func(how string, value func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: metricPrefix + "connections_refused_total", Help: "Connections above the limit, by how: answered with a 503, silent until closed, or just closed.",
			ConstLabels: prometheus.Labels{"how": how},
		}, value)
	}
	return m.register(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: metricPrefix + "connections", Help: "Open connections.",
		}, func() float64 { return float64(g.open.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: metricPrefix + "connections_limit", Help: "How many connections may be open before others get 503.",
		}, func() float64 { return float64(g.limit) }),
		refused("answered", func() float64 { return float64(g.answered.Load()) }),
		refused("silent", func() float64 { return float64(g.silent.Load()) }),
		refused("closed", func() float64 { return float64(g.closed.Load()) }),
	)
}

func (m *Metrics) register(all ...prometheus.Collector) error {
	for _, c := range all {
		err := m.registry.Register(c)
		if _, taken := errors.AsType[prometheus.AlreadyRegisteredError](err); taken {
			return errors.New("metrics: another receiver uses them")
		}
		if err != nil {
			return fmt.Errorf("metrics: %w", err)
		}
	}
	return nil
}

func (m *Metrics) count(came result) { m.deliveries[came].Inc() }

func (m *Metrics) delivered(came result, took time.Duration) {
	m.count(came)
	switch status := came.status(); {
	case status < http.StatusMultipleChoices:
		m.good.Observe(took.Seconds())
	case status < http.StatusInternalServerError:
		m.bad.Observe(took.Seconds())
	default:
		m.own.Observe(took.Seconds())
	}
}

func (m *Metrics) fetched(state FetchState) { m.fetches.WithLabelValues(string(state)).Inc() }

func (m *Metrics) accepted(label string, at time.Time) {
	m.events[label].Inc()
	m.last.Set(float64(at.UnixMilli()) / 1000)
}
