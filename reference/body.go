package reference

import (
	"errors"
	"io"
	"net/http"
	"slices"
)

const (
	// freeBody is how many bytes of any body are read without asking. The rest
	// needs one of Config.MaxLargeBodies slots, because it is read before the
	// sender has proved who it is.
	freeBody = 64 << 10
	// firstRead is what a body may cost before its first byte has come.
	firstRead = 4 << 10
)

// readBody reads a body, and says whether it took a slot for a large one,
// which the caller gives back once the body is no longer needed.
func (h *handler) readBody(w http.ResponseWriter, r *http.Request) (body []byte, large bool, no *refusal) {
	if r.ContentLength > h.maxBody {
		return nil, false, h.cutOff(w, tooLarge())
	}
	limit := h.maxBody + 1 // one more shows that there is more
	if r.ContentLength >= 0 {
		limit = r.ContentLength
	}
	body = make([]byte, 0, min(limit, firstRead))
	body, err := fill(r.Body, body, min(limit, freeBody))
	if err == nil && limit > freeBody {
		if !h.large.take() {
			return nil, false, h.cutOff(w, overloaded("too_many_large_bodies"))
		}
		large = true
		body, err = fill(r.Body, body, limit)
	}
	ended := errors.Is(err, io.EOF)
	switch {
	case err != nil && !ended, int64(len(body)) < r.ContentLength:
		no = h.cutOff(w, &refusal{result: resultIncomplete, body: `{"error":"incomplete"}`, reason: "body_incomplete"})
	case int64(len(body)) > h.maxBody:
		no = h.cutOff(w, tooLarge())
	}
	return body, large, no
}

func tooLarge() *refusal {
	return &refusal{result: resultTooLarge, body: `{"error":"too_large"}`, reason: "too_large"}
}

// cutOff closes the connection after the answer: what is left of the body is
// not worth the reading.
func (h *handler) cutOff(w http.ResponseWriter, no *refusal) *refusal {
	w.Header().Set("Connection", "close")
	return no
}

// fill appends what r gives until there are limit bytes, which is no error, or
// r fails; at the end of r it returns io.EOF. The buffer grows with what has
// come, never with what was announced: announcing costs nothing.
func fill(r io.Reader, buf []byte, limit int64) ([]byte, error) {
	for int64(len(buf)) < limit {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, int(min(int64(max(len(buf), 512)), limit-int64(len(buf)))))
		}
		n, err := r.Read(buf[len(buf):min(int64(cap(buf)), limit)])
		buf = buf[:len(buf)+n]
		if err != nil {
			return buf, err
		}
	}
	return buf, nil
}
