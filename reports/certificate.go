package reports

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// fileCertificate is the name of the certificate of a load test.
const fileCertificate = "certificate.json"

// Certificate is what a load test amounts to, on half a page: what was asked of whom,
// by what measure, and the answer. It is a statement of whoever ran the test, bound to
// the report by its digest, and not signed.
type Certificate struct {
	Schema int `json:"schema"`
	// Result is certified, not certified, incomplete or error.
	Result   string `json:"result"`
	Sentence string `json:"sentence"`
	Target   string `json:"target"`
	Contract string `json:"contract"`
	Level    string `json:"level"`
	Profile  string `json:"profile"`
	// RPS is the mean rate, PeakRPS the highest.
	RPS        float64       `json:"rps"`
	PeakRPS    float64       `json:"peak_rps"`
	DurationMS int64         `json:"duration_ms"`
	Levels     ServiceLevels `json:"service_levels"`
	LatencyMS  Percentiles   `json:"latency_ms"`
	Started    time.Time     `json:"started"`
	Seed       uint64        `json:"seed"`
	Tool       Tool          `json:"tool"`
	Machine    Machine       `json:"machine"`
	// Report is the file that it stands for, and SHA256 that file's digest in hex.
	Report string `json:"report"`
	SHA256 string `json:"report_sha256"`
}

// ServiceLevels are what was asked of the target.
type ServiceLevels struct {
	P99MS           float64 `json:"p99_ms"`
	ProcessingP99MS float64 `json:"processing_p99_ms"`
	Delivered       float64 `json:"delivered"`
	Errors          float64 `json:"errors"`
	Retried         float64 `json:"retried"`
}

// Machine is the one that the load was sent from.
type Machine struct {
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// WriteCertificate writes certificate.json beside the report of a load test, which is in
// dir already.
func WriteCertificate(dir string, r *Report) error {
	if r == nil || r.Load == nil {
		return errors.New("write certificate: there was no load")
	}
	data, err := os.ReadFile(filepath.Join(dir, fileJSON)) //nolint:gosec // the user's own folder
	if err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	digest := sha256.Sum256(data)
	c := Certificate{
		Schema: Schema, Result: "error", Sentence: sentence(r), Target: r.Target.URL, Contract: r.Contract, Level: r.Level, Profile: r.Load.Profile, RPS: r.Load.AskedRPS, PeakRPS: max(r.Load.PeakRPS, r.Load.AskedRPS),
		DurationMS: r.Load.DurationMS, Levels: r.Load.Levels, LatencyMS: r.Load.LatencyMS, Started: r.Started, Seed: r.Seed, Tool: r.Tool,
		Machine: r.Load.Machine, Report: fileJSON, SHA256: hex.EncodeToString(digest[:]),
	}
	switch {
	case r.Verdict == Nonconformant:
		c.Result = "not certified"
	case r.Verdict == Conformant && !r.Interrupted:
		c.Result = "certified"
	case r.Verdict != Failed:
		c.Result = "incomplete"
	}
	path := filepath.Join(dir, fileCertificate)
	err = writeFile(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(c)
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
