package zoo

import (
	"context"
	"strings"
	"sync"
	"time"
)

func paySymptoms() map[string]symptom {
	data := func(raw string) string { return envelope(`"evt_1"`, completed, `,"data":`+raw) }
	return map[string]symptom{
		"malformed-json-swallowed": taken(always(`{"id":`)),
		"malformed-json-500":       answersTo(500, `{"id":`),
		"null-body-500":            answersTo(500, `null`),
		"scalar-body-accepted":     taken(always(`3`)),
		"id-made-up":               taken(always(`{"type":"a","timestamp":STAMP}`)),
		"id-empty-accepted":        taken(always(envelope(`""`, completed, ""))),
		"id-number-accepted":       taken(always(envelope(`7`, completed, ""))),
		"type-missing-accepted":    taken(always(`{"id":"evt_1","timestamp":STAMP}`)),
		"type-number-accepted":     taken(always(envelope(`"evt_1"`, `7`, ""))),
		"unknown-type-400":         answersTo(400, envelope(`"evt_1"`, `"agent.unheard.of"`, "")),
		"unknown-type-500":         answersTo(500, envelope(`"evt_1"`, `"agent.unheard.of"`, "")),
		"extra-fields-refused":     refusedToo(always(envelope(`"evt_1"`, completed, `,"extra":1`))),
		"extra-data-refused":       refusedToo(always(data(`{"task_id":"t","extra":1}`))),
		"data-null-500":            answersTo(500, data(`null`)),
		"task-id-number-500":       answersTo(500, data(`{"task_id":7}`)),
		"deep-nesting-500":         answersTo(500, data(strings.Repeat("[", 10000)+strings.Repeat("]", 10000))),
		"nul-500":                  answersTo(500, data(`{"x":"\u0000"}`)),
		"lone-surrogate-500": func(s *sender) bool {
			return s.send(stamped(data(`{"x":"\ud83c\udf89"}`))).ok() && s.send(stamped(data(`{"x":"\ud83c "}`))).status == 500
		},
		"invalid-utf8-500": answersTo(500, data("{\"x\":\"\xff\"}")),
		"bom-500":          answersTo(500, "\uFEFF"+data(`{}`)),
		"huge-number-500":  answersTo(500, data(`{"x":1e400}`)),
		"quoted-id-500":    answersTo(500, envelope(`"it's"`, completed, "")),
		"long-id-500":      answersTo(500, envelope(`"`+strings.Repeat("x", 1024)+`"`, completed, "")),
		"limit-100-kb":     refusedToo(func() string { return bytesOf("evt_1", 101<<10) }),
		"limit-512-kb": func(s *sender) bool {
			return s.send(bytesOf("evt_1", 256<<10)).ok() && s.send(bytesOf("evt_2", 1<<20)).refused()
		},
		"body-unlimited": taken(func() string { return bytesOf("evt_1", 32<<20) }),
		"large-body-blocks-everyone": func(s *sender) bool {
			ctx, cancel := context.WithCancel(s.t.Context())
			var large sync.WaitGroup
			large.Go(func() { s.sendCtx(ctx, bytesOf("evt_1", 4<<20)) })
			_ = pause(ctx, 300*time.Millisecond)
			soon, stop := context.WithTimeout(ctx, 3*time.Second)
			defer stop()
			got := s.sendCtx(soon, fresh("evt_2"))
			cancel()
			large.Wait()
			return got.err != nil
		},
	}
}
