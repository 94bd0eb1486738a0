package loadtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"hookdrill/contract"
)

// The names of the profiles.
const (
	ProfileCertify = "certify"
	ProfileRamp    = "ramp"
	ProfileSpike   = "spike"
	ProfileSoak    = "soak"
	ProfileBurst   = "burst"
)

// Profile is a shape of the rate over time. Its highest rate is the one that is asked for.
type Profile struct {
	Name, Does string
	// Duration is how long it lasts unless another time is asked for.
	Duration time.Duration
	stages   func(peak float64, d time.Duration) []Stage
}

const (
	// calm is the part of the highest rate at which a ramp begins, and that a spike and
	// bursts rise from.
	calm = 0.1
	// burstEvery is the time from one burst to the next, burstFor how long one lasts.
	burstEvery = 5 * time.Second
	burstFor   = time.Second
)

// Profiles lists the profiles that are built in.
func Profiles() []Profile {
	return []Profile{
		{ProfileCertify, "the rate, all the time", time.Minute, constant},
		{ProfileRamp, "from a tenth of the rate up to it for three quarters of the time, and then the rate", time.Minute, func(peak float64, d time.Duration) []Stage {
			up := d / 4 * 3
			return []Stage{{up, peak * calm, peak}, {d - up, peak, 0}}
		}},
		{ProfileSpike, "a tenth of the rate, and from one moment to the next, for a fifth of the time, the rate", time.Minute, func(peak float64, d time.Duration) []Stage {
			part := d / 5
			return []Stage{{2 * part, peak * calm, 0}, {part, peak, 0}, {d - 3*part, peak * calm, 0}}
		}},
		{ProfileSoak, "the rate, for long", 10 * time.Minute, constant},
		{ProfileBurst, "a tenth of the rate, and every five seconds, for one, the rate", time.Minute, bursts},
	}
}

func constant(peak float64, d time.Duration) []Stage { return []Stage{{d, peak, 0}} }

func bursts(peak float64, d time.Duration) (out []Stage) {
	for d > 0 {
		quiet := min(d, burstEvery-burstFor)
		out = append(out, Stage{quiet, peak * calm, 0})
		if d -= quiet; d > 0 {
			loud := min(d, burstFor)
			out = append(out, Stage{loud, peak, 0})
			d -= loud
		}
	}
	return out
}

// ProfileNamed is the profile with a name.
func ProfileNamed(name string) (Profile, bool) {
	for _, p := range Profiles() {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// Phase is the profile with a highest rate, in events a second.
func (p Profile) Phase(peak float64, d time.Duration) Phase {
	return Phase{Stages: p.stages(peak, d)}
}

// stagesFile is a profile of a user's own.
type stagesFile struct {
	Arrival string `yaml:"arrival"`
	Stages  []struct {
		Duration contract.Duration `yaml:"duration"`
		Rate     float64           `yaml:"rate"`
		To       float64           `yaml:"to"`
	} `yaml:"stages"`
}

// ParseStages reads a phase from YAML:
//
//	arrival: poisson      # or constant, which it is when it is left out
//	stages:
//	  - {duration: 30s, rate: 10, to: 100}
//	  - {duration: 1m, rate: 100}
//
// Rates are events a second. The error names every mistake.
func ParseStages(data []byte) (Phase, error) {
	var file stagesFile
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		return Phase{}, fmt.Errorf("%s", strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	var p Phase
	var errs []error
	if !slices.Contains([]string{"", "constant", "poisson"}, file.Arrival) {
		errs = append(errs, fmt.Errorf("arrival: want constant or poisson, have %.40q", file.Arrival))
	}
	p.Poisson = file.Arrival == "poisson"
	for _, s := range file.Stages {
		p.Stages = append(p.Stages, Stage{time.Duration(s.Duration), s.Rate, s.To})
	}
	errs = append(errs, p.Validate())
	if err := errors.Join(errs...); err != nil {
		return Phase{}, err
	}
	return p, nil
}
