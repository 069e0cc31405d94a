package sqlite

import (
	"context"
	"errors"
	"sync"
)

// pool lends connections. Unlike sqlitex.Pool it opens them when they are first needed, lends the one that was used last
// (its page cache is the warmest) and starts no goroutine a loan.
type pool struct {
	open  func() (*conn, error)
	loans chan struct{} // a token for each connection that is lent
	mu    sync.Mutex
	idle  []*conn
}

func newPool(size int, open func() (*conn, error)) *pool {
	return &pool{open: open, loans: make(chan struct{}, size)}
}

// take lends a connection; it waits for one to be given back, or for ctx to end.
func (p *pool) take(ctx context.Context) (*conn, error) {
	select {
	case p.loans <- struct{}{}:
	case <-ctx.Done():
		return nil, givenUp(ctx.Err())
	}
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		c := p.idle[n-1]
		p.idle = p.idle[:n-1]
		p.mu.Unlock()
		return c, nil
	}
	p.mu.Unlock()
	c, err := p.open()
	if err != nil {
		<-p.loans
		return nil, asOutcome(err)
	}
	return c, nil
}

func (p *pool) put(c *conn) {
	p.mu.Lock()
	p.idle = append(p.idle, c)
	p.mu.Unlock()
	<-p.loans
}

// close closes all connections; none may be lent.
func (p *pool) close() (err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.idle {
		err = errors.Join(err, c.Close())
	}
	p.idle = nil
	return err
}
