package reference

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// Validate names every wrong field at once, joined. It never shows a key.
func (c Config) Validate() error {
	c = c.withDefaults()
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }

	if _, _, err := net.SplitHostPort(c.Addr); err != nil {
		refuse("addr: want host:port, have %q", c.Addr)
	}
	if _, _, err := net.SplitHostPort(c.AdminAddr); c.AdminAddr != "" && err != nil {
		refuse("admin_addr: want host:port, have %q", c.AdminAddr)
	}
	contract, known := FindContract(c.Contract)
	if !known {
		refuse("contract: want one of %s, have %q", strings.Join(Contracts(), ", "), c.Contract)
	}
	switch path := strings.TrimSuffix(c.Path, "/"); {
	case !known && c.Path == "": // the contract's, whichever that is
	case !strings.HasPrefix(c.Path, "/"), strings.ContainsAny(c.Path, "?#% "):
		refuse("path: want a plain path from /, have %q", c.Path)
	case path == probePath, path == healthPath, path == readyPath:
		refuse("path: %s is taken", path)
	}
	if c.API != nil {
		if err := c.API.wrong(); err != nil {
			refuse("api: %w", err)
		}
		if known && !contract.Thin() {
			refuse("api: the events of %s are whole, nothing is fetched for them", contract.Name)
		}
	}
	if len(c.Keys) == 0 {
		refuse("keys: want at least one")
	}
	for i, key := range c.Keys {
		if key == "" {
			refuse("keys[%d]: is empty", i)
		} else if known {
			if err := contract.CheckKey(key); err != nil {
				refuse("keys[%d]: %w", i, err)
			}
		}
	}
	if c.Store == nil {
		refuse("store: is missing")
	}
	for _, limit := range []struct {
		name string
		n    int64
	}{
		{"max_body", c.MaxBody},
		{"max_header", int64(c.MaxHeader)},
		{"max_in_flight", int64(c.MaxInFlight)},
		{"max_large_bodies", int64(c.MaxLargeBodies)},
		{"max_conns", int64(c.MaxConns)},
	} {
		if limit.n < 0 {
			refuse("%s: want a number above 0, have %d", limit.name, limit.n)
		}
	}
	for _, span := range []struct {
		name string
		d    time.Duration
	}{
		{"tolerance", c.Tolerance},
		{"retention", c.Retention},
		{"retry_after", c.RetryAfter},
		{"store_timeout", c.StoreTimeout},
		{"header_timeout", c.HeaderTimeout},
		{"read_timeout", c.ReadTimeout},
		{"write_timeout", c.WriteTimeout},
		{"idle_timeout", c.IdleTimeout},
		{"shutdown_timeout", c.ShutdownTimeout},
		{"drain_delay", c.DrainDelay},
	} {
		if span.d < 0 {
			refuse("%s: want a duration above 0, have %v", span.name, span.d)
		}
	}
	// An event is fresh from Tolerance before its timestamp to Tolerance after.
	if c.Tolerance > 0 && c.Retention > 0 && c.Retention < 2*c.Tolerance {
		refuse("retention: %v is shorter than an event stays fresh, twice the tolerance of %v", c.Retention, c.Tolerance)
	}
	if c.ReadTimeout > 0 && c.StoreTimeout > 0 && c.WriteTimeout > 0 && c.WriteTimeout < c.ReadTimeout+c.StoreTimeout {
		refuse("write_timeout: %v cuts answers off, want at least read_timeout + store_timeout", c.WriteTimeout)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("receiver config: %w", errors.Join(wrong...))
	}
	return nil
}
