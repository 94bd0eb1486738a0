package mockclaude

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestSessionKeepsItsConnection(t *testing.T) {
	t.Parallel()
	ch := make(chan seen, 1)
	server := httptest.NewServer(seeing(ch))
	defer server.Close()
	x := testSender(t, server.URL).Session()
	defer x.Close()
	kinds := []string{ShapeOrdinary, ShapeRaw, ShapeChunked, ShapePieces, ShapeExpect, ShapeOrdinary}
	for i, kind := range kinds {
		d := testDelivery(t)
		d.Shape.Kind = kind
		e := x.Send(t.Context(), d)
		<-ch
		if e.Err != "" || e.Status != 202 || e.Conn != 1 || e.Reused != (i > 0) || e.ErrText != "" {
			t.Errorf("%d, %s: %+v", i, kind, e)
		}
	}
	x.Close()
	if e := x.Send(t.Context(), testDelivery(t)); e.Conn != 2 || e.Reused || e.Err != "" {
		t.Errorf("after Close: %+v", e)
	}
	<-ch
}

func TestSessionHeedsConnectionClose(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
	}))
	defer server.Close()
	x := testSender(t, server.URL).Session()
	defer x.Close()
	for i := range 3 {
		if e := x.Send(t.Context(), testDelivery(t)); e.Err != "" || e.Reused || !e.Closes || e.Conn != int64(i+1) || e.ErrText != "" {
			t.Errorf("%d: %+v", i, e)
		}
	}
}

// TestSessionRedialsOnce has a target that closes each connection when a second
// request comes over it.
func TestSessionRedialsOnce(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	target := rawTarget(t, func(c net.Conn) {
		conns.Add(1)
		br := bufio.NewReader(c)
		r, err := http.ReadRequest(br)
		if err != nil {
			return
		}
		io.Copy(io.Discard, r.Body)
		io.WriteString(c, ok)
		http.ReadRequest(br)
		reset(c)
	})
	x := testSender(t, target).Session()
	defer x.Close()
	if e := x.Send(t.Context(), testDelivery(t)); e.Err != "" || e.Conn != 1 {
		t.Fatalf("%+v", e)
	}
	e := x.Send(t.Context(), testDelivery(t))
	if e.Err != "" || e.Status != 200 || e.Reused || e.Conn != 2 || e.ErrText != redialled || conns.Load() != 2 {
		t.Errorf("%d connections, %+v", conns.Load(), e)
	}
}

func TestSessionDoesNotRepeatWhatBeganToBeAnswered(t *testing.T) {
	t.Parallel()
	var conns atomic.Int64
	target := rawTarget(t, func(c net.Conn) {
		conns.Add(1)
		br := bufio.NewReader(c)
		for _, text := range []string{ok, "HTTP/1.1 2"} {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			io.WriteString(c, text)
		}
	})
	x := testSender(t, target).Session()
	defer x.Close()
	x.Send(t.Context(), testDelivery(t))
	e := x.Send(t.Context(), testDelivery(t))
	wantErr(t, e, ErrTruncated)
	if !e.Reused || conns.Load() != 1 {
		t.Errorf("%d connections, %+v", conns.Load(), e)
	}
}

func TestSessionTimesOutWithoutRepeating(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	target := rawTarget(t, func(c net.Conn) {
		br := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(br)
			if err != nil {
				return
			}
			io.Copy(io.Discard, r.Body)
			if requests.Add(1) == 1 {
				io.WriteString(c, ok)
			}
		}
	})
	x := testSender(t, target, within(300*time.Millisecond)).Session()
	defer x.Close()
	x.Send(t.Context(), testDelivery(t))
	wantErr(t, x.Send(t.Context(), testDelivery(t)), ErrTimeout)
	if requests.Load() != 2 {
		t.Errorf("%d requests", requests.Load())
	}
}

// TestTimeoutOfADelivery has a target that answers nothing: the delivery's own
// bound ends the attempt, whichever way it is sent.
func TestTimeoutOfADelivery(t *testing.T) {
	t.Parallel()
	s := testSender(t, rawTarget(t, func(c net.Conn) { io.Copy(io.Discard, c) }), within(time.Hour))
	x := s.Session()
	defer x.Close()
	d := testDelivery(t)
	d.Timeout = 100 * time.Millisecond
	wantErr(t, s.Send(t.Context(), d), ErrTimeout)
	wantErr(t, x.Send(t.Context(), d), ErrTimeout)
	for _, e := range s.Together(t.Context(), []Delivery{d, d}) {
		wantErr(t, e, ErrTimeout)
	}
}
