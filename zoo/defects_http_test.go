package zoo

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

func httpSymptoms() map[string]symptom {
	return map[string]symptom{
		"any-method-processed": func(s *sender) bool {
			return s.send(fresh("evt_1"), by(http.MethodGet)).ok() && s.processed("evt_1", 1) == 1
		},
		"get-answers-200":   taken(func() string { return fresh("evt_1") }, by(http.MethodGet)),
		"other-methods-404": func(s *sender) bool { return s.send(fresh("evt_1"), by(http.MethodPut)).status == 404 },
		"trailing-slash-redirect": func(s *sender) bool {
			got := s.send(fresh("evt_1"))
			return got.status/100 == 3 && got.header.Get("Location") == path+"/"
		},
		"debug-page-on-refusal": func(s *sender) bool { return len(s.send("{").body) > 64<<10 },
		"ten-sync-workers": func(s *sender) bool {
			u, _ := url.Parse(s.server.URL)
			for range 10 {
				c, err := new(net.Dialer).DialContext(s.t.Context(), "tcp", u.Host)
				if err != nil {
					s.t.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				_, _ = io.WriteString(c, "P")
			}
			_ = pause(s.t.Context(), 100*time.Millisecond)
			soon, stop := context.WithTimeout(s.t.Context(), 3*time.Second)
			defer stop()
			return s.sendCtx(soon, fresh("evt_1")).err != nil
		},
	}
}
