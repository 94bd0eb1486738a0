package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// flushTimeout bounds the sending of the last spans.
const flushTimeout = 5 * time.Second

// tracesURL is where traces go, as OpenTelemetry's environment variables have
// it; "" for nowhere.
func tracesURL(s Streams) (string, error) {
	if off, _ := s.Env("OTEL_SDK_DISABLED"); strings.EqualFold(off, "true") {
		return "", nil
	}
	for _, from := range []struct{ variable, path string }{
		{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", ""}, {"OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces"},
	} {
		raw, ok := s.Env(from.variable)
		if !ok || raw == "" {
			continue
		}
		u, err := url.Parse(raw)
		// The value is not shown: it may hold a password.
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
			return "", usage("export "+from.variable+"=http://127.0.0.1:4318",
				"environment variable %s: want a URL with http:// or https://, a host, and no user", from.variable)
		}
		if from.path != "" {
			u = u.JoinPath(from.path)
		}
		return u.String(), nil
	}
	return "", nil
}

// startTracing makes the provider of traces that the environment asks for, nil
// for none, and what sends the last spans off.
func startTracing(ctx context.Context, s Streams, log *slog.Logger) (trace.TracerProvider, func(), error) {
	to, err := tracesURL(s)
	if err != nil || to == "" {
		return nil, func() {}, err
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(to))
	if err != nil {
		return nil, nil, fmt.Errorf("start tracing: %w", err)
	}
	name, ok := s.Env("OTEL_SERVICE_NAME")
	if !ok || name == "" {
		name = "hookdrill-receiver"
	}
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(loggedExporter{exporter, log}), // it drops spans rather than keep a delivery waiting
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", name), attribute.String("service.version", version))),
	)
	flush := func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.LogAttrs(ctx, slog.LevelWarn, "traces not sent", slog.Any("error", err))
		}
	}
	return provider, flush, nil
}

// loggedExporter logs what goes wrong. OpenTelemetry itself would print it past
// the log, as text that is no JSON.
type loggedExporter struct {
	sdktrace.SpanExporter
	log *slog.Logger
}

func (e loggedExporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.log.LogAttrs(ctx, slog.LevelWarn, "traces not sent", slog.Int("spans", len(spans)), slog.Any("error", err))
	}
	return nil
}
