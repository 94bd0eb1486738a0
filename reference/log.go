package reference

import (
	"io"
	"log/slog"
)

// loggerName is the value of the field logger in every line.
const loggerName = "hookdrill.reference"

// NewLogger returns a logger that writes one JSON object a line with the
// contract's field names: timestamp, level, logger, message, and event_id,
// event_type, task_id, processing_time_ms where they are known.
func NewLogger(w io.Writer, level slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{
		Level: level,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) > 0 {
				return a
			}
			switch a.Key {
			case slog.TimeKey:
				a.Key = "timestamp"
			case slog.MessageKey:
				a.Key = "message"
			}
			return a
		},
	}))
}
