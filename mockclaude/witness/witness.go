package witness

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"hookdrill/mockclaude"
)

const (
	defaultListen = "127.0.0.1:0"
	defaultKeep   = 10_000
	readLimit     = 10 * time.Second
	headLimit     = 64 << 10
	bodyLimit     = 1 << 20
	closeLimit    = 2 * time.Second
)

// Config is what a witness needs. Its zero value is useful.
type Config struct {
	// Listen is where it listens, as host:port; "" is a free port of 127.0.0.1. The
	// trap listens on a free port of the same host.
	Listen string
	// Key is the API key that the receiver was given: a call with another one, or
	// without, is answered with 401. "" checks nothing.
	Key string
	// Keep is how many calls are kept, the newest; 0 is 10 000.
	Keep int
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Validate names every wrong field.
func (c Config) Validate() error {
	var errs []error
	if c.Listen != "" {
		if _, _, err := net.SplitHostPort(c.Listen); err != nil {
			errs = append(errs, fmt.Errorf("listen: want host:port, such as 127.0.0.1:8475, have %q", c.Listen))
		}
	}
	if strings.ContainsAny(c.Key, " \t\r\n") {
		errs = append(errs, errors.New("key: holds a space or a line break, which no header can carry whole"))
	}
	if c.Keep < 0 {
		errs = append(errs, errors.New("keep: negative"))
	}
	return errors.Join(errs...)
}

// Witness is an API that watches who calls it. It is safe for concurrent use.
type Witness struct {
	cfg    Config
	api    net.Listener
	trap   net.Listener
	server *http.Server
	done   sync.WaitGroup
	ended  chan struct{}
	once   sync.Once

	mu    sync.Mutex
	log   log
	rules map[string]*rule
	open  map[net.Conn]bool // at the trap
}

// Start listens, and serves until Close.
func Start(ctx context.Context, cfg Config) (*Witness, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("start witness: %w", err)
	}
	if cfg.Listen == "" {
		cfg.Listen = defaultListen
	}
	if cfg.Keep == 0 {
		cfg.Keep = defaultKeep
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	w := &Witness{cfg: cfg, log: newLog(cfg.Keep), rules: map[string]*rule{}, open: map[net.Conn]bool{}, ended: make(chan struct{})}
	var err error
	if w.api, err = (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("start witness: %w", err)
	}
	host, _, _ := net.SplitHostPort(cfg.Listen) // it was validated
	if w.trap, err = (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0")); err != nil {
		return nil, errors.Join(fmt.Errorf("start witness: %w", err), w.api.Close())
	}
	w.server = &http.Server{
		Handler: http.HandlerFunc(w.serve), ReadHeaderTimeout: readLimit, ReadTimeout: readLimit, MaxHeaderBytes: headLimit,
		ErrorLog: quiet(), DisableGeneralOptionsHandler: true, // OPTIONS * is a call like any other
	}
	w.done.Go(func() { _ = w.server.Serve(w.api) }) // it ends by Close
	w.done.Go(w.catch)
	return w, nil
}

// Address is where the API listens, as host:port.
func (w *Witness) Address() string { return w.api.Addr().String() }

// URL is the API's base URL, for ANTHROPIC_BASE_URL. A witness that listens on all
// addresses is named by 127.0.0.1.
func (w *Witness) URL() string { return "http://" + reachable(w.api.Addr()) }

// Trap is where the trap listens, as host:port; host replaces its own when it is
// not "".
func (w *Witness) Trap(host string) string {
	at := reachable(w.trap.Addr())
	if host == "" {
		return at
	}
	_, port, _ := net.SplitHostPort(at) // our own address
	return net.JoinHostPort(host, port)
}

// KeyID names the key that was handed out, "" when there is none.
func (w *Witness) KeyID() string { return keyID(w.cfg.Key) }

// reachable is an address that a client on this machine can use.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return addr.String()
}

// Close stops listening and closes every connection; calls that are being delayed are
// answered now. It waits until nothing of the witness listens; the calls can still be
// asked for.
func (w *Witness) Close() {
	w.once.Do(func() { close(w.ended) })
	_ = w.trap.Close()
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	if w.server.Shutdown(ctx) != nil {
		_ = w.server.Close()
	}
	w.mu.Lock()
	for c := range w.open {
		_ = c.Close()
	}
	w.mu.Unlock()
	w.done.Wait()
}

// serve answers one call of the API.
func (w *Witness) serve(out http.ResponseWriter, r *http.Request) {
	f, known := find(r.RequestURI)
	c := &Call{
		Began: w.cfg.Now(), Method: r.Method, Target: w.hide(r.RequestURI), Host: w.hide(r.Host), Agent: w.hide(r.UserAgent()),
		Version: w.hide(r.Header.Get("Anthropic-Version")), Beta: w.hide(strings.Join(r.Header.Values("Anthropic-Beta"), ",")),
		IDs: f.ids,
	}
	c.Key, c.KeyID = w.key(r.Header)
	w.add(c)
	_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, bodyLimit))
	b, released := w.behaviour(f.ids)
	left := !w.pause(r.Context(), b.Delay, released)
	if b.Drop {
		w.end(c, 0, left)
		panic(http.ErrAbortHandler)
	}
	status, body := w.answer(c, f, known, b)
	head := out.Header()
	head.Set("Content-Type", "application/json")
	head.Set("Request-Id", requestID(c.Number))
	if b.RetryAfter > 0 && status == b.Status {
		head.Set("Retry-After", strconv.Itoa(int((b.RetryAfter+time.Second-1)/time.Second)))
	}
	// The account comes first: whoever has the answer finds it in the log.
	w.end(c, status, left)
	out.WriteHeader(status)
	_ = json.NewEncoder(out).Encode(body) // the caller may have gone
}

// pause waits for a delay, unless it is cut short. It reports false when the
// caller left.
func (w *Witness) pause(ctx context.Context, d time.Duration, released <-chan struct{}) bool {
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-released:
		case <-w.ended:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// answer gives the status and the body for a call.
func (w *Witness) answer(c *Call, f found, known bool, b Behaviour) (int, object) {
	fail := func(status int, message string) (int, object) { return status, failure(status, message, c.Number) }
	wrong := ""
	for _, id := range f.ids {
		if !wellFormed(id) {
			wrong = id
		}
	}
	switch {
	case w.cfg.Key != "" && c.Key == KeyNone:
		return fail(http.StatusUnauthorized, "x-api-key header is required")
	case w.cfg.Key != "" && c.Key != KeyRight:
		return fail(http.StatusUnauthorized, "invalid x-api-key")
	case !known:
		return fail(http.StatusNotFound, "Not found")
	case c.Method != http.MethodGet && c.Method != http.MethodHead:
		return fail(http.StatusMethodNotAllowed, "Method not allowed: this API is played by hookdrill, and can only be read")
	case b.Status != 0:
		return fail(b.Status, "set by hookdrill")
	case wrong != "":
		return fail(http.StatusNotFound, "Not found")
	case f.list:
		return http.StatusOK, list()
	}
	return http.StatusOK, resource(f, w.cfg.Now())
}

// key says which key a call carried.
func (w *Witness) key(h http.Header) (state, id string) {
	given := h.Get("X-Api-Key")
	if given == "" {
		scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			given = strings.TrimSpace(token)
		}
	}
	switch {
	case given == "":
		return KeyNone, ""
	case w.cfg.Key == "":
		return KeyUnchecked, keyID(given)
	case subtle.ConstantTimeCompare([]byte(given), []byte(w.cfg.Key)) == 1:
		return KeyRight, keyID(given)
	}
	return KeyWrong, keyID(given)
}

// hide replaces the key that was handed out by its id.
func (w *Witness) hide(text string) string {
	if w.cfg.Key == "" {
		return text
	}
	return strings.ReplaceAll(text, w.cfg.Key, "["+keyID(w.cfg.Key)+"]")
}

func keyID(key string) string {
	if key == "" {
		return ""
	}
	return mockclaude.Keys{Current: []byte(key)}.ID()
}

func requestID(n int64) string { return fmt.Sprintf("req_hookdrill%011d", n) }
