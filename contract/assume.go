package contract

import (
	"fmt"
	"net/http"
	"time"
)

// assume fills in what a contract may leave out, and says so among its assumptions.
func (c *Contract) assume(given func(field string) bool) {
	note := func(field, value string) {
		c.Assumptions = append(c.Assumptions, fmt.Sprintf("%s: the contract does not say; %s is assumed.", field, value))
	}
	if !given("request.method") {
		c.Request.Method = http.MethodPost
	}
	if !given("request.content_type") {
		c.Request.ContentType = "application/json"
	}
	if !given("timeout") {
		c.Timeout = Duration(10 * time.Second)
		note("timeout", "10 s per attempt")
	}
	if !given("retries") {
		note("retries", "that a failed attempt is never repeated")
	}
	if !given("retries.resend") {
		c.Retries.Resend = "anew"
	}
	if !given("service_levels") {
		c.Levels = Service{
			P99: Duration(500 * time.Millisecond), ProcessingP99: Duration(100 * time.Millisecond),
			Delivered: 0.999, Errors: 0.001, Retried: 0.01, Rate: 100,
		}
		note("service_levels", "delivered 99.9 %, p99 500 ms, errors 0.1 %, retried 1 %, processing p99 100 ms, at 100 events a second")
	}
}
