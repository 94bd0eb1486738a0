//go:build unix

package managed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// elsewhere says, for an error, where what has a mark in its environment listens; "" where
// that is nowhere, or cannot be found out.
func elsewhere(mark string) string {
	all := ports(mark)
	if len(all) == 0 {
		return ""
	}
	return " (it listens on port " + strings.Join(all, ", ") + ")"
}

// ports are those that what has a mark in its environment listens on. They can be found out on
// Linux only.
func ports(mark string) []string {
	sockets := map[string]bool{}
	for _, pid := range strays(mark) {
		all, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range all {
			if where, err := os.Readlink(fd); err == nil && strings.HasPrefix(where, "socket:[") {
				sockets[strings.Trim(where, "socket:[]")] = true
			}
		}
	}
	var out []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		data, _ := os.ReadFile(table) //nolint:gosec // of the kernel
		for line := range strings.Lines(string(data)) {
			if f := strings.Fields(line); len(f) > 9 && f[3] == listenState && sockets[f[9]] {
				_, hex, _ := strings.Cut(f[1], ":")
				if port, err := strconv.ParseUint(hex, 16, 16); err == nil {
					out = append(out, strconv.FormatUint(port, 10))
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// listenState is how the kernel writes that a socket listens.
const listenState = "0A"
