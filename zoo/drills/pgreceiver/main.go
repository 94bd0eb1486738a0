package pgreceiver

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// Main runs the receiver until SIGTERM, and ends the process.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	err := Run(ctx, Config{
		Port: os.Getenv("PORT"), Key: os.Getenv("CLAUDE_WEBHOOK_KEY"), DatabaseURL: os.Getenv("DATABASE_URL"), Defect: os.Getenv("DEFECT"),
	})
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "onpostgres:", err)
		os.Exit(1)
	}
}
