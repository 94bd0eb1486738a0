package zoo

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// errand is a resource to fetch for an event.
type errand struct {
	kind, id string
	tries    int
	then     func() // when it is fetched, or there is nothing to fetch; nil for nothing
}

// collection is that of the resources that an event of a type is about, of those
// that one id names.
func collection(kind string) string {
	of, _, _ := strings.Cut(kind, ".")
	switch of {
	case "session", "agent", "deployment", "deployment_run", "environment", "vault", "memory_store":
		return of + "s"
	}
	return ""
}

// fetchSafely is where an errand leads: an id of other characters than ids have
// leads nowhere.
func (rc *receiver) fetchSafely(e errand) string {
	of := collection(e.kind)
	plain := strings.TrimFunc(e.id, func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '-'
	}) == ""
	if of == "" || e.id == "" || !plain || afterLastDot(e.kind) == "deleted" {
		return ""
	}
	return rc.api.URL + "/v1/" + of + "/" + url.PathEscape(e.id)
}

// takeThin is the step take of thin events: the effect, and then an errand for
// the worker.
func (rc *receiver) takeThin(where func(errand) string) step {
	rc.where = where
	return func(d *delivery) *answer {
		if !rc.store.process(rc.key(d), d.event) {
			return duplicate()
		}
		rc.send(errand{kind: d.event.kind, id: d.event.task})
		return done()
	}
}

// send leaves an errand to the worker.
func (rc *receiver) send(e errand) {
	if rc.api.URL != "" {
		rc.errands <- e
	}
}

// fetchAll is the worker: eight fetch after the answer, and again what failed.
func (rc *receiver) fetchAll(ctx context.Context) {
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() { rc.fetchOn(ctx) })
	}
	running.Wait()
}

func (rc *receiver) fetchOn(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-rc.errands:
			if pause(ctx, 30*time.Millisecond) != nil { // the answer goes first
				return
			}
			if again := rc.fetch(ctx, e); again && !rc.forgetful {
				e.tries++
				select {
				case rc.errands <- e:
				case <-ctx.Done():
					return
				}
				if pause(ctx, time.Duration(min(e.tries, 20))*50*time.Millisecond) != nil {
					return
				}
			}
		}
	}
}

// fetch makes one call and says whether another is needed.
func (rc *receiver) fetch(ctx context.Context, e errand) bool {
	if target := rc.where(e); target != "" {
		status := rc.call(ctx, target)
		if status != http.StatusOK && status != http.StatusNotFound {
			return true
		}
	}
	if e.then != nil {
		e.then()
	}
	return false
}

// call asks the API and returns the status, 0 for none. It follows no redirect.
func (rc *receiver) call(ctx context.Context, target string) int {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return http.StatusNotFound // no URL, and no more tries
	}
	req.Header.Set("X-Api-Key", rc.api.Key)
	req.Header.Set("Anthropic-Version", "2023-06-01")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer func() { _ = resp.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, bodyLimit)) // what is in it is no concern here
	return resp.StatusCode
}

// managedAPIAnimals are the defects around the API that thin events need.
func managedAPIAnimals() []Animal {
	return of(contractManaged,
		Animal{
			Name: "managed-fetches-before-verifying", Defect: "the resource is fetched before the signature is looked at",
			Catches: ids("API-01"),
			breed: func(rc *receiver) {
				rc.take = rc.processOnce
				rc.read = first(rc.readAll, func(d *delivery) *answer {
					data := object(object(d.body)["data"])
					kind, _ := text(data["type"])
					id, _ := text(data["id"])
					rc.send(errand{kind: kind, id: id})
					return nil
				})
			},
		},
		Animal{
			Name: "managed-pastes-ids", Defect: "data.id is pasted into the URL as it is",
			Catches: ids("API-02"),
			breed: func(rc *receiver) {
				rc.where = func(e errand) string {
					if of := collection(e.kind); of != "" && afterLastDot(e.kind) != "deleted" {
						return rc.api.URL + "/v1/" + of + "/" + e.id
					}
					return ""
				}
			},
		},
		Animal{
			Name: "managed-resolves-ids", Defect: "data.id is resolved against the collection's URL, as a link would be: it may name another path or host",
			Catches: ids("API-02"),
			breed: func(rc *receiver) {
				rc.where = func(e errand) string {
					base, err := url.Parse(rc.api.URL + "/v1/" + collection(e.kind) + "/")
					if err != nil || collection(e.kind) == "" || afterLastDot(e.kind) == "deleted" {
						return ""
					}
					link, err := base.Parse(e.id)
					if err != nil {
						return ""
					}
					return link.String()
				}
			},
		},
		Animal{
			Name: "managed-gone-is-an-error", Defect: "the resource is fetched before the answer, which is 500 when it is gone",
			Catches: ids("API-03"), Also: ids("LED-01", "SIG-01"), Advice: ids("API-05"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if target := rc.fetchSafely(errand{kind: d.event.kind, id: d.event.task}); rc.api.URL != "" && target != "" {
						if status := rc.call(d.r.Context(), target); status != http.StatusOK {
							return say(http.StatusInternalServerError, "resource not fetched")
						}
					}
					return rc.processOnce(d)
				}
			},
		},
		Animal{
			Name: "managed-forgets-failed-fetches", Defect: "the effect follows the fetch, and a fetch that fails is not tried again",
			Catches: ids("API-04"), Also: ids("LED-01"),
			breed: func(rc *receiver) {
				rc.forgetful = true
				rc.take = func(d *delivery) *answer {
					if !rc.store.mark(rc.key(d)) {
						return duplicate()
					}
					rc.send(errand{kind: d.event.kind, id: d.event.task, then: func() { rc.store.apply(d.event) }})
					return done()
				}
			},
		},
		Animal{
			Name: "managed-waits-for-the-api", Defect: "the answer waits until the resource is there",
			Catches: ids("API-05"),
			breed: func(rc *receiver) {
				rc.take = func(d *delivery) *answer {
					if !rc.store.process(rc.key(d), d.event) {
						return duplicate()
					}
					e := errand{kind: d.event.kind, id: d.event.task}
					if rc.api.URL != "" && rc.fetch(d.r.Context(), e) {
						rc.send(e)
					}
					return done()
				}
			},
		},
	)
}
