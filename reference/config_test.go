package reference_test

import (
	"strings"
	"testing"
	"time"

	"hookdrill/reference"
)

func TestValidateNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	err := reference.Config{
		Addr: "nowhere", Path: "webhooks", Keys: []string{"whsec_good", ""}, MaxBody: -1, MaxHeader: -1,
		Tolerance: -1, Retention: -1, StoreTimeout: -1, HeaderTimeout: -1, ReadTimeout: -1, WriteTimeout: -1,
		IdleTimeout: -1, ShutdownTimeout: -1, MaxInFlight: -1, MaxLargeBodies: -1, MaxConns: -1, RetryAfter: -1,
		DrainDelay: -1, AdminAddr: "nowhere",
	}.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{
		"addr:", "path:", "keys[1]:", "store:", "max_body:", "max_header:", "tolerance:", "retention:",
		"store_timeout:", "header_timeout:", "read_timeout:", "write_timeout:", "idle_timeout:", "shutdown_timeout:",
		"max_in_flight:", "max_large_bodies:", "max_conns:", "retry_after:", "drain_delay:", "admin_addr:",
	} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not named in: %v", field, err)
		}
	}
	if strings.Contains(err.Error(), "whsec_good") {
		t.Error("the error shows a key")
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		set  func(*reference.Config)
		want string // "" for a good configuration
	}{
		{"keys and store suffice", func(*reference.Config) {}, ""},
		{"root path", func(c *reference.Config) { c.Path = "/" }, ""},
		{"no keys", func(c *reference.Config) { c.Keys = nil }, "keys:"},
		{"no store", func(c *reference.Config) { c.Store = nil }, "store:"},
		{"path of the probe", func(c *reference.Config) { c.Path = "/probe/" }, "path:"},
		{"path of health", func(c *reference.Config) { c.Path = "/healthz" }, "path:"},
		{"path of readiness", func(c *reference.Config) { c.Path = "/readyz" }, "path:"},
		{"path with a query", func(c *reference.Config) { c.Path = "/a?b" }, "path:"},
		{"ids forgotten while fresh", func(c *reference.Config) { c.Retention = 9 * time.Minute }, "retention:"},
		{"answers cut off", func(c *reference.Config) { c.StoreTimeout = time.Minute }, "write_timeout:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := reference.Config{Keys: []string{key}, Store: brokenStore{}}
			test.set(&cfg)
			err := cfg.Validate()
			if test.want == "" && err != nil {
				t.Errorf("refused: %v", err)
			}
			if test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error = %v, want one about %s", err, test.want)
			}
			if _, nerr := reference.New(cfg); (nerr == nil) != (err == nil) {
				t.Errorf("New = %v, Validate = %v", nerr, err)
			}
			if _, herr := reference.NewHandler(cfg); (herr == nil) != (err == nil) {
				t.Errorf("NewHandler = %v, Validate = %v", herr, err)
			}
		})
	}
}
