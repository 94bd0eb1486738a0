package reports

// Load is what a load test measured. Rates are events per second, ratios parts of 1.
type Load struct {
	Profile string `json:"profile"`
	// Stages are those of the profile; PeakRPS is the highest rate of them.
	Stages  []LoadStage `json:"stages,omitempty"`
	PeakRPS float64     `json:"peak_rps,omitempty"`
	// AskedRPS is the mean rate asked for, OfferedRPS the one at which requests were sent in
	// time, AchievedRPS the one at which valid events were acknowledged.
	AskedRPS    float64 `json:"asked_rps"`
	OfferedRPS  float64 `json:"offered_rps"`
	AchievedRPS float64 `json:"achieved_rps"`
	// DurationMS is how long requests were sent for, Sent how many.
	DurationMS int64  `json:"duration_ms"`
	Sent       uint64 `json:"sent"`
	// DeliveredRatio is the part of the valid events that was acknowledged in the end,
	// ErrorRatio that of the requests with one that got another answer than a 2xx,
	// RetryRatio that of the valid events that needed a retry.
	DeliveredRatio float64 `json:"delivered_ratio"`
	ErrorRatio     float64 `json:"error_ratio"`
	RetryRatio     float64 `json:"retry_ratio"`
	// Abandoned counts the valid events that no retry delivered.
	Abandoned uint64 `json:"abandoned"`
	// Duplicates counts the events that were processed more than once, Lost those that
	// were acknowledged and not processed, Unexpected the forged or stale ones that were
	// processed, and Recovered those that were processed though no answer
	// acknowledged them. They are left out when nobody could see that.
	Duplicates *uint64 `json:"duplicates,omitempty"`
	Lost       *uint64 `json:"lost,omitempty"`
	Unexpected *uint64 `json:"unexpected,omitempty"`
	Recovered  *uint64 `json:"recovered,omitempty"`
	// LatencyMS counts from when a valid event was due, ServiceMS from when it was sent.
	LatencyMS Percentiles `json:"latency_ms"`
	ServiceMS Percentiles `json:"service_ms"`
	// Classes holds the same for each class of requests: valid, duplicate, forged, stale.
	Classes map[string]LoadClass `json:"classes"`
	// Levels are the service levels that were asked for, Machine is where the load came
	// from.
	Levels  ServiceLevels `json:"service_levels"`
	Machine Machine       `json:"machine"`
	// Generator says how the sender itself did.
	Generator Generator `json:"generator"`
	// Search lists the rates that were tried to find the highest, in their order; none of
	// a load at a given rate.
	Search []LoadStep `json:"search,omitempty"`
	// Seconds holds the load second by second.
	Seconds []LoadSecond `json:"seconds"`
	// Curve holds percentiles of valid events for a plot.
	Curve []LoadPercentile `json:"curve,omitempty"`
	// Blocks hold the latencies of valid events in stretches of the load, for comparison with
	// another run.
	Blocks []LoadBlock `json:"blocks,omitempty"`
	// Watched says what an observer saw while the load ran.
	Watched *LoadWatched `json:"watched,omitempty"`
}

// LoadStage is a stretch with a rate that is constant, or changes steadily to another one.
type LoadStage struct {
	DurationMS int64   `json:"duration_ms"`
	RPS        float64 `json:"rps"`
	ToRPS      float64 `json:"to_rps,omitempty"`
}

// LoadPercentile is a percentile, 0 to 100, of the latencies from when an event was due, and
// from when it was sent, in ms.
type LoadPercentile struct {
	Percentile float64 `json:"percentile"`
	LatencyMS  float64 `json:"latency_ms"`
	ServiceMS  float64 `json:"service_ms"`
}

// LoadBlock is a stretch of a load.
type LoadBlock struct {
	FromMS   int64  `json:"from_ms"`
	ToMS     int64  `json:"to_ms"`
	Accepted uint64 `json:"accepted"`
	// Latency is an HdrHistogram of µs in its compressed form V2, in base64.
	Latency string `json:"latency"`
}

// LoadWatched is what an observer saw of acknowledged events while the load ran.
type LoadWatched struct {
	// Asked counts the events that it was asked about, Late those of them that were not
	// processed yet, and Doubled those that were processed twice already.
	Asked   uint64 `json:"asked"`
	Late    uint64 `json:"late"`
	Doubled uint64 `json:"doubled"`
}

// LoadStep is a rate that was tried.
type LoadStep struct {
	RPS float64 `json:"rps"`
	// OK is true when the service levels were met; Why says, where not, what was missed
	// first.
	OK  bool   `json:"ok"`
	Why string `json:"why,omitempty"`
	// P50 and P99 are latencies of valid events in ms, from when they were due.
	P50          float64 `json:"p50"`
	P99          float64 `json:"p99"`
	ErrorRatio   float64 `json:"error_ratio"`
	OfferedRatio float64 `json:"offered_ratio"`
}

// Percentiles are those of a duration, in milliseconds.
type Percentiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// LoadClass is one class of requests.
type LoadClass struct {
	Sent     uint64 `json:"sent"`
	Accepted uint64 `json:"accepted"`
	// Statuses counts answers by status, Errors requests without one by what happened.
	Statuses  map[string]uint64 `json:"statuses"`
	Errors    map[string]uint64 `json:"errors"`
	LatencyMS Percentiles       `json:"latency_ms"`
	ServiceMS Percentiles       `json:"service_ms"`
}

// Generator is how the sender of a load did.
type Generator struct {
	// CPU is the part of all processors that it used.
	CPU     float64 `json:"cpu"`
	Workers int     `json:"workers"`
	// LagMS is how long after they were due requests were sent, for its own reasons;
	// Held counts the requests that waited because the target kept all workers busy.
	LagMS Percentiles `json:"lag_ms"`
	Held  uint64      `json:"held"`
	// Resent counts the requests that were sent again because a kept connection turned
	// out to be closed.
	Resent uint64 `json:"resent"`
	// Behind says what kept it from its schedule, "" when nothing did.
	Behind string `json:"behind,omitempty"`
}

// LoadSecond is one second of a load.
type LoadSecond struct {
	// AtMS is its end, from the beginning of the load.
	AtMS     int64  `json:"at_ms"`
	Asked    uint64 `json:"asked"`
	Sent     uint64 `json:"sent"`
	Accepted uint64 `json:"accepted"`
	Failed   uint64 `json:"failed"`
	// Statuses counts answers by class: 2xx, 4xx and so on.
	Statuses map[string]uint64 `json:"statuses,omitempty"`
	// P50, P99 and Max are latencies of valid events from when they were due, in milliseconds.
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}
