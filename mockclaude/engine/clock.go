package engine

import (
	"fmt"
	"math"
	"time"
)

// maxSpeed bounds the speed of a clock.
const maxSpeed = 1_000_000

// Clock says what time it is and how long a wait lasts. Its zero value is real
// time.
//
// A scaled clock shortens waits and nothing else. The time it tells, and so
// every timestamp, stays that of the world, since a receiver checks it against a
// clock of its own; and so does the time limit of an attempt.
type Clock struct{ speed float64 }

// ScaledClock returns a clock whose waits are speed times as short. A speed
// that is not above 0 and at most a million is an error.
func ScaledClock(speed float64) (Clock, error) {
	if math.IsNaN(speed) || speed <= 0 || speed > maxSpeed {
		return Clock{}, fmt.Errorf("speed: want a number above 0 and up to %d, have %v", maxSpeed, speed)
	}
	return Clock{speed}, nil
}

// Speed is how many times shorter than in the contract waits are.
func (c Clock) Speed() float64 {
	if c.speed == 0 {
		return 1
	}
	return c.speed
}

// Now is the present.
func (c Clock) Now() time.Time { return time.Now() }

// Lasts is how long a wait lasts in this clock's world.
func (c Clock) Lasts(wait time.Duration) time.Duration {
	d := float64(wait) / c.Speed()
	if d >= math.MaxInt64 {
		return math.MaxInt64
	}
	return time.Duration(d)
}
