package zoo

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttpadaptor"
)

// overFastHTTP serves with fasthttp, which parses and writes HTTP on its own.
func overFastHTTP(ctx context.Context, rc *receiver, _ string) (door, error) {
	ln, err := listen(ctx)
	if err != nil {
		return door{}, err
	}
	h := routes(rc)
	srv := &fasthttp.Server{
		Handler:               func(c *fasthttp.RequestCtx) { answerFast(ctx, h, c) },
		ReadBufferSize:        rawHead,
		MaxRequestBodySize:    bodyLimit,
		ReadTimeout:           15 * time.Second,
		WriteTimeout:          30 * time.Second,
		IdleTimeout:           60 * time.Second,
		MaxIdleWorkerDuration: 100 * time.Millisecond, // Close has to wait for it
		NoDefaultServerHeader: true,
		CloseOnShutdown:       true,
		Logger:                silent{},
	}
	var running sync.WaitGroup
	running.Go(func() { _ = srv.Serve(ln) }) // ends when the listener is closed
	return door{
		url: "http://" + ln.Addr().String(),
		close: func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			// Its bound is reached when a sender holds a connection; that
			// connection ends with its own timeout.
			_ = srv.ShutdownWithContext(ctx)
			running.Wait()
			return nil
		},
	}, nil
}

// answerFast hands one request of fasthttp to a handler of net/http.
func answerFast(ctx context.Context, h http.Handler, c *fasthttp.RequestCtx) {
	var req http.Request
	if err := fasthttpadaptor.ConvertRequest(c, &req, true); err != nil {
		c.Error(fmt.Sprintf("convert request: %v", err), http.StatusBadRequest)
		return
	}
	w := &page{header: http.Header{}}
	h.ServeHTTP(w, req.WithContext(ctx))
	for name, values := range w.header {
		for _, v := range values {
			c.Response.Header.Set(name, v)
		}
	}
	c.SetStatusCode(w.code())
	c.SetBody(w.body.Bytes())
	if !c.IsPost() {
		c.SetConnectionClose() // fasthttp leaves the body of a GET unread
	}
}

// silent is a logger for what bad clients do.
type silent struct{}

// Printf is fasthttp's.
func (silent) Printf(string, ...any) {}
