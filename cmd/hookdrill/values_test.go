package main

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func TestReceiverValues(t *testing.T) {
	t.Parallel()
	var s size
	var c count
	var p span
	var d delay
	var l logLevel
	for _, test := range []struct {
		value      pflag.Value
		text, want string // "" if it is refused
	}{
		{&s, "1", "1"},
		{&s, "1000", "1000"},
		{&s, "1048576", "1MiB"},
		{&s, "1MiB", "1MiB"},
		{&s, "64 KiB", "64KiB"},
		{&s, "1024MiB", "1024MiB"},
		{&s, "1025MiB", ""},
		{&s, "9223372036854775807MiB", ""},
		{&s, "0", ""},
		{&s, "-1", ""},
		{&s, "1MB", ""},
		{&s, "1.5MiB", ""},
		{&s, "MiB", ""},
		{&s, "", ""},
		{&c, "1", "1"},
		{&c, "1048576", "1048576"},
		{&c, "1048577", ""},
		{&c, "0", ""},
		{&c, "-5", ""},
		{&c, "many", ""},
		{&p, "1.5s", "1.5s"},
		{&p, "0", ""},
		{&p, "-1h", ""},
		{&p, "10", ""},
		{&d, "0", "0s"},
		{&d, "5s", "5s"},
		{&d, "-5s", ""},
		{&l, "WARN", "warn"},
		{&l, "debug", "debug"},
		{&l, "info+1", ""},
	} {
		err := test.value.Set(test.text)
		if (err == nil) != (test.want != "") {
			t.Errorf("%s %q: %v", test.value.Type(), test.text, err)
		}
		if got := test.value.String(); err == nil && got != test.want {
			t.Errorf("%s %q = %s, want %s", test.value.Type(), test.text, got, test.want)
		}
	}
	if time.Duration(p) != 1500*time.Millisecond {
		t.Errorf("a refused value was kept: %v", p)
	}
}
