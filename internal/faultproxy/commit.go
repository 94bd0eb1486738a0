package faultproxy

import (
	"bytes"
	"sync"
)

// Loss is a commit whose connection is cut.
type Loss struct {
	// At is which one, counted from 1 since [Proxy.LoseCommits].
	At int
	// Before cuts before the commit reaches the database, which then undoes the
	// transaction. Otherwise the database commits, and its answer is lost: the client cannot
	// tell one from the other.
	Before bool
	// Byte is, where commits cannot be told from other requests, after how many bytes the
	// answer is cut.
	Byte int
}

// Losses is what became of commits since [Proxy.LoseCommits].
type Losses struct {
	// Commits is how many were seen, Lost how many of them were cut.
	Commits, Lost int
	// Blind is true when commits could not be told from other requests, because the
	// connection is encrypted or the database is no PostgreSQL: then every request counts.
	Blind bool
}

// LoseCommits cuts connections at commits from now on. Where mentions is not empty only commits of
// transactions count whose statements or values hold one of these texts, which are event ids:
// those are the ones that a receiver may lose an event by. Told is told of each loss.
func (p *Proxy) LoseCommits(losses []Loss, mentions []string, told func(Loss)) {
	p.tap.commits.arm(losses, mentions, told)
}

// Losses says what became of commits since [Proxy.LoseCommits].
func (p *Proxy) Losses() Losses { return p.tap.commits.sum() }

// commits decides which commits are lost, over all connections.
type commits struct {
	mu       sync.Mutex
	armed    bool
	losses   map[int]Loss
	mentions [][]byte
	result   Losses
	told     func(Loss)
}

func (c *commits) arm(losses []Loss, mentions []string, told func(Loss)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.losses, c.mentions, c.result, c.told = true, map[int]Loss{}, nil, Losses{}, told
	for _, l := range losses {
		c.losses[l.At] = l
	}
	for _, m := range mentions {
		c.mentions = append(c.mentions, []byte(m))
	}
}

func (c *commits) disarm() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed, c.losses = false, nil
}

func (c *commits) sum() Losses {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.result
}

// mentioned reports whether data holds a text that makes a transaction count.
func (c *commits) mentioned(data []byte) bool {
	c.mu.Lock()
	all := c.mentions
	c.mu.Unlock()
	if len(all) == 0 {
		return true
	}
	for _, m := range all {
		if bytes.Contains(data, m) {
			return true
		}
	}
	return false
}

// next counts a commit and says whether it is lost.
func (c *commits) next(blind bool) (Loss, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.armed {
		return Loss{}, false
	}
	c.result.Commits++
	c.result.Blind = c.result.Blind || blind
	l, lost := c.losses[c.result.Commits]
	if lost {
		c.result.Lost++
		c.told(l)
	}
	return l, lost
}
