package channel

import (
	"sync"
	"time"

	"github.com/coder/websocket"
)

// hub knows who is connected, and what for.
type hub struct {
	mu      sync.Mutex
	closed  bool
	sockets map[*socket]bool // true = the connection is open
	from    map[string]int   // connections by address
	bound   map[string]map[*socket]*binding
}

// binding is a subscription that a connection is sent.
type binding struct {
	until   time.Time // zero = as long as the connection
	greeted bool
	number  int64 // of events that the handshake told of
}

// enter counts a connection in; false = there are too many.
func (h *hub) enter(s *socket, most, mostFrom int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.sockets) >= most || h.from[s.address] >= mostFrom {
		return false
	}
	if h.sockets == nil {
		h.sockets, h.from, h.bound = make(map[*socket]bool), make(map[string]int), make(map[string]map[*socket]*binding)
	}
	h.sockets[s] = false
	h.from[s.address]++
	return true
}

// open gives a connection that was counted in its websocket.
func (h *hub) open(s *socket, conn *websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s.conn, h.sockets[s] = conn, true
}

// leave forgets a connection.
func (h *hub) leave(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.sockets, s)
	if h.from[s.address]--; h.from[s.address] <= 0 {
		delete(h.from, s.address)
	}
	for id := range s.bindings {
		h.unbind(id, s)
	}
}

func (h *hub) unbind(id string, s *socket) {
	delete(s.bindings, id)
	if delete(h.bound[id], s); len(h.bound[id]) == 0 {
		delete(h.bound, id)
	}
}

// bind binds a connection to a subscription, or lets it stay bound for longer. most bounds the subscriptions of one connection.
// isNew = it was not bound; ok = it is.
func (h *hub) bind(s *socket, id string, until time.Time, most int) (isNew, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := s.bindings[id]; b != nil {
		b.until = until
		return false, true
	}
	if len(s.bindings) >= most {
		return false, false
	}
	if s.bindings == nil {
		s.bindings = make(map[string]*binding)
	}
	if h.bound[id] == nil {
		h.bound[id] = make(map[*socket]*binding)
	}
	b := &binding{until: until}
	s.bindings[id], h.bound[id][s] = b, b
	return true, true
}

// greet notes that a connection has had the handshake of a subscription, which told it of so many events.
func (h *hub) greet(s *socket, id string, number int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b := s.bindings[id]; b != nil {
		b.greeted, b.number = true, number
	}
}

// of are the connections that are sent a subscription.
func (h *hub) of(id string, now time.Time) (list []*socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for s, b := range h.bound[id] {
		if b.good(now) {
			list = append(list, s)
		}
	}
	return list
}

func (b *binding) good(now time.Time) bool { return b.until.IsZero() || now.Before(b.until) }

// expire ends the bindings of a connection whose token has expired; idle = that leaves it without any.
func (h *hub) expire(s *socket, now time.Time) (idle bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, b := range s.bindings {
		if !b.good(now) {
			h.unbind(id, s)
			idle = true
		}
	}
	return idle && len(s.bindings) == 0
}

// subscriptions are those that somebody is connected for and has been greeted, with the least number of events that somebody was told of.
func (h *hub) subscriptions() map[string]int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make(map[string]int64, len(h.bound))
	for id, bindings := range h.bound {
		for _, b := range bindings {
			if known, ok := list[id]; b.greeted && (!ok || b.number < known) {
				list[id] = b.number
			}
		}
	}
	return list
}

// close lets nobody in any more, and returns the open connections.
func (h *hub) close() (list []*websocket.Conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s, open := range h.sockets {
		if open {
			list = append(list, s.conn)
		}
	}
	return list
}
