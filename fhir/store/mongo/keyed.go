package mongo

import (
	"context"
	"sync"
)

// keyedMutex locks keys: within one process, updates with a guard in common wait for each other instead of running into
// a conflict. Keys must be sorted, so that two lists cannot wait for each other. The zero value is ready to use.
type keyedMutex struct {
	mu    sync.Mutex
	locks map[string]*keyLock
}

type keyLock struct {
	held  chan struct{} // holds one token while the key is locked
	users int           // holders and waiters
}

func (m *keyedMutex) lock(ctx context.Context, keys []string) error {
	for i, key := range keys {
		m.mu.Lock()
		if m.locks == nil {
			m.locks = make(map[string]*keyLock)
		}
		l := m.locks[key]
		if l == nil {
			l = &keyLock{held: make(chan struct{}, 1)}
			m.locks[key] = l
		}
		l.users++
		m.mu.Unlock()
		select {
		case l.held <- struct{}{}:
		case <-ctx.Done():
			m.release(key, l)
			m.unlock(keys[:i])
			return ctx.Err()
		}
	}
	return nil
}

func (m *keyedMutex) unlock(keys []string) {
	for _, key := range keys {
		m.mu.Lock()
		l := m.locks[key]
		m.mu.Unlock()
		<-l.held
		m.release(key, l)
	}
}

func (m *keyedMutex) release(key string, l *keyLock) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.users--; l.users == 0 {
		delete(m.locks, key)
	}
}
