package mockclaude

import "math/rand/v2"

// result is what a finished task reports. Which of its optional fields are
// there varies, as it does in life.
type result struct {
	Summary    string     `json:"summary"`
	StopReason string     `json:"stop_reason"`
	Model      string     `json:"model,omitempty"`
	Steps      int        `json:"steps,omitempty"`
	DurationMS int        `json:"duration_ms,omitempty"`
	Score      *float64   `json:"score,omitempty"`
	Usage      usage      `json:"usage"`
	Artifacts  []artifact `json:"artifacts"`
	Tags       []string   `json:"tags,omitempty"`
}

// usage counts tokens.
type usage struct {
	InputTokens     int `json:"input_tokens"`
	OutputTokens    int `json:"output_tokens"`
	CacheReadTokens int `json:"cache_read_input_tokens,omitempty"`
}

// artifact is a file that a task made.
type artifact struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Bytes     int    `json:"bytes"`
	URL       string `json:"url,omitempty"`
}

// failure is why a task failed.
type failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	Retryable bool   `json:"retryable"`
}

// newResult draws a result.
func newResult(rng *rand.Rand) result {
	r := result{
		Summary:    pick(rng, summaries()),
		StopReason: pick(rng, []string{"end_turn", "end_turn", "max_tokens", "stop_sequence", "tool_use"}),
		Usage:      usage{InputTokens: 200 + rng.IntN(120_000), OutputTokens: 10 + rng.IntN(8_000)},
		Artifacts:  []artifact{},
	}
	if rng.IntN(2) == 0 {
		r.Model = pick(rng, []string{"claude-opus", "claude-sonnet", "claude-haiku"})
	}
	if rng.IntN(2) == 0 {
		r.Steps, r.DurationMS = 1+rng.IntN(60), 300+rng.IntN(900_000)
	}
	if rng.IntN(3) == 0 {
		score := float64(rng.IntN(1_000)) / 1_000
		r.Score = &score
	}
	if rng.IntN(3) == 0 {
		r.Usage.CacheReadTokens = 1 + rng.IntN(50_000)
	}
	for range rng.IntN(4) {
		file := pick(rng, files())
		file.Bytes = 1 + rng.IntN(2_000_000)
		if rng.IntN(2) == 0 {
			file.URL = "urn:file:" + base62(rng, 16)
		}
		r.Artifacts = append(r.Artifacts, file)
	}
	for range rng.IntN(3) {
		r.Tags = append(r.Tags, pick(rng, []string{"nightly", "checked", "customer", "priority:high", "beta"}))
	}
	return r
}

// newFailure draws a failure.
func newFailure(rng *rand.Rand) failure { return pick(rng, failures()) }

func summaries() []string {
	return []string{
		"Reviewed 14 files and opened a pull request with 3 fixes.",
		"Summary of the cafe's reviews: 82 % positive, prices fair.",
		"Translation finished: 1,204 words, 3 questions.",
		"The survey is complete; there are three main results.",
		"Done: the quarterly report is assembled, nothing differs.",
		"The document was analysed.",
		"Deployed the preview and left notes for the on-call engineer.",
		"Compared both queries; the second is 4x faster.\nDetails are in the report.",
		"Path C:\\temp\\out was cleaned; the user said \"ship it\".",
		"No changes were necessary.",
	}
}

func files() []artifact {
	return []artifact{
		{Name: "report.pdf", MediaType: "pdf"},
		{Name: "resume.md", MediaType: "markdown"},
		{Name: "data 2026 Q1.csv", MediaType: "csv"},
		{Name: "diagram.svg", MediaType: "svg"},
		{Name: "result.json", MediaType: "json"},
	}
}

func failures() []failure {
	return []failure{
		{Code: "tool_error", Message: "The tool \"search\" answered with status 502.", Retryable: true},
		{Code: "context_too_long", Message: "The input has 214,003 tokens; the limit is 200,000."},
		{Code: "rate_limited", Message: "Too many requests; try again in 30 s.", Retryable: true},
		{Code: "permission_denied", Message: "Access denied: data-size.txt"},
		{Code: "internal", Message: "An unexpected error occurred", Retryable: true},
		{Code: "refused", Message: "The request was declined."},
	}
}

func notes() []string {
	return []string{"a type that nobody documents", "more to come", "a new event", "ignore me politely"}
}
