package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of times in /proc, 1/100 s on every Linux.
const tick = 10 * time.Millisecond

// usage is CPU time used so far.
type usage struct{ process, postgres, self time.Duration }

// cpuOf reads the CPU time of a process, of every PostgreSQL process that this
// machine shows, those in containers included, and of this one. What cannot be
// read counts as 0.
func cpuOf(pid int) usage {
	u := usage{process: cpuTime(filepath.Join("/proc", strconv.Itoa(pid)))}
	folders, _ := filepath.Glob("/proc/[0-9]*")
	for _, folder := range folders {
		name, err := os.ReadFile(filepath.Join(folder, "comm")) //nolint:gosec // of /proc
		if err == nil && strings.TrimSpace(string(name)) == "postgres" {
			u.postgres += cpuTime(folder)
		}
	}
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err == nil {
		u.self = time.Duration(self.Utime.Nano() + self.Stime.Nano())
	}
	return u
}

// cpuTime reads utime and stime, the 14th and 15th field. The 2nd is a name in
// parentheses and may hold anything.
func cpuTime(folder string) time.Duration {
	stat, err := os.ReadFile(filepath.Join(folder, "stat")) //nolint:gosec // of /proc
	if err != nil {
		return 0
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	var sum time.Duration
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0
		}
		sum += time.Duration(n) * tick
	}
	return sum
}
