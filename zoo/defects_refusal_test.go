package zoo

import (
	"strings"
)

func refusalSymptoms() map[string]symptom {
	bare := func(s *sender) result { return s.send(fresh("evt_1"), unsigned()) }
	sends := func(value string) func(s *sender) result {
		return func(s *sender) result { return s.send(fresh("evt_1"), with(signatureHeader, value)) }
	}
	notASCII := sends("é" + strings.Repeat("a", 63))
	return map[string]symptom{
		"non-ascii-signature-500": func(s *sender) bool { return notASCII(s).status == 500 },
		"signature-length-500":    func(s *sender) bool { return sends("ab")(s).status == 500 },
		"malformed-signature-drops-connection": func(s *sender) bool {
			return sends("zz")(s).err != nil && s.send(fresh("evt_2")).ok()
		},
		"bad-signature-kills-process": func(s *sender) bool {
			return notASCII(s).err != nil && s.send(fresh("evt_2")).err != nil
		},
		"expected-signature-in-refusal": func(s *sender) bool {
			body := fresh("evt_1")
			return strings.Contains(s.send(body, unsigned()).body, sign(testKey, []byte(body)))
		},
		"key-in-refusal":            func(s *sender) bool { return strings.Contains(bare(s).body, testKey) },
		"stack-trace-in-refusal":    func(s *sender) bool { return strings.Contains(bare(s).body, "goroutine ") },
		"traceback-in-refusal":      func(s *sender) bool { return strings.Contains(s.send("{").body, "Traceback") },
		"bad-request-for-forgeries": func(s *sender) bool { return bare(s).status == 400 },
		"parsed-before-verified": func(s *sender) bool {
			return s.send("{", unsigned()).status != bare(s).status
		},
		"effect-before-verification": func(s *sender) bool {
			return bare(s).refused() && s.effects("evt_1")["evt_1"].Processed == 1
		},
		"forgery-uses-up-id": func(s *sender) bool {
			return bare(s).refused() && s.send(fresh("evt_1")).ok() && len(s.effects("evt_1")) == 0
		},
	}
}
