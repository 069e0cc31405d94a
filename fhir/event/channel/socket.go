package channel

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"github.com/coder/websocket"
	"golang.org/x/time/rate"
)

// SocketOptions bound what connections may cost.
type SocketOptions struct {
	// Open is for servers whose requests need no tokens: the id of a subscription with criteria of R4 binds it.
	Open    bool
	Origins []string                 // web origins whose pages may connect, beside the server's own; "*" = all
	MayCall func(origin string) bool // says the same of others; nil = of none
	// Address is the address of a client, behind proxies too. nil = that of the connection.
	Address  func(*http.Request) string
	Now      func() time.Time // by which tokens expire
	Most     int              // connections; 0 = 1,000
	MostFrom int              // of one address; 0 = 100
	Bindings int              // subscriptions of one connection; 0 = 100

	Quiet      time.Duration // after which the other end is pinged, and has as long to answer; 0 = 30 s
	BindWithin time.Duration // a connection must bind something; 0 = 30 s
}

const (
	longestLine = 4 << 10          // bytes of what a client says
	slowest     = 10 * time.Second // that a client may take to be written to; whoever is slower is disconnected
	farewell    = time.Second      // that a client has to take its leave when the server stops
	sweep       = time.Second      // how often is looked for expired tokens
)

// NewSockets makes the channel. Its handler is mounted at ws below the FHIR base.
func NewSockets(o SocketOptions) *Sockets {
	if o.Most == 0 {
		o.Most = 1000
	}
	if o.MostFrom == 0 {
		o.MostFrom = 100
	}
	if o.Bindings == 0 {
		o.Bindings = 100
	}
	if o.Quiet == 0 {
		o.Quiet = 30 * time.Second
	}
	if o.BindWithin == 0 {
		o.BindWithin = 30 * time.Second
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr[:max(strings.LastIndexByte(r.RemoteAddr, ':'), 0)] }
	}
	return &Sockets{options: o}
}

// socket is a connection.
type socket struct {
	conn     *websocket.Conn
	address  string
	bindings map[string]*binding // by subscription; the hub's
}

// write sends text; a connection that does not take it in time is lost.
func (s *socket) write(ctx context.Context, text []byte) {
	ctx, cancel := context.WithTimeout(ctx, slowest)
	defer cancel()
	if s.conn.Write(ctx, websocket.MessageText, text) != nil {
		_ = s.conn.CloseNow()
	}
}

// ServeHTTP implements http.Handler: it takes a connection and serves it until it ends.
func (s *Sockets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o := &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled, OriginPatterns: s.options.Origins}
	if origin := r.Header.Get("Origin"); origin != "" {
		o.InsecureSkipVerify = slices.Contains(s.options.Origins, "*") || s.options.MayCall != nil && s.options.MayCall(origin)
	}
	one := &socket{address: s.options.Address(r)}
	if !s.hub.enter(one, s.options.Most, s.options.MostFrom) {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "there are too many connections", http.StatusServiceUnavailable)
		return
	}
	defer s.hub.leave(one)
	conn, err := websocket.Accept(w, r, o)
	if err != nil {
		return // Accept has answered
	}
	s.hub.open(one, conn)
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(longestLine)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context())) // net/http ends its own when the handler returns, or earlier
	defer cancel()
	go s.keep(ctx, one)
	s.listen(ctx, one)
}

// listen carries out what the client says until the connection ends.
func (s *Sockets) listen(ctx context.Context, one *socket) {
	pace := rate.NewLimiter(1, 20)
	unbound := time.AfterFunc(s.options.BindWithin, func() { _ = one.conn.Close(websocket.StatusPolicyViolation, "nothing was bound") })
	defer unbound.Stop()
	for {
		kind, text, err := one.conn.Read(ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText || !pace.Allow() {
			_ = one.conn.Close(websocket.StatusPolicyViolation, "only a few short texts are understood")
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
		why := "unknown command: say bind-with-token and a token"
		switch verb {
		case "bind-with-token":
			why = s.bindToken(ctx, one, strings.TrimSpace(rest))
		case "bind":
			why = s.bindClassic(ctx, one, strings.TrimPrefix(strings.TrimSpace(rest), ":"))
		}
		if why != "" {
			_ = one.conn.Close(websocket.StatusPolicyViolation, why)
			return
		}
		unbound.Stop()
	}
}

// bindToken binds a connection to the subscriptions of a token, and has each that is new to it greeted. It returns why not.
func (s *Sockets) bindToken(ctx context.Context, one *socket, token string) string {
	subscriptions, until, err := s.binder.Redeem(ctx, token)
	if err != nil || len(subscriptions) == 0 {
		return "the token is not good, or has expired"
	}
	for _, id := range subscriptions {
		isNew, ok := s.hub.bind(one, id, until, s.options.Bindings)
		if !ok {
			return "there are too many subscriptions on this connection"
		}
		if isNew && !s.greet(ctx, one, id) {
			return "a subscription of the token is not there any more"
		}
	}
	return ""
}

// greet sends the handshake of a subscription. The connection is bound before: what happens from then on it is sent, and what happened until the
// handshake was made the handshake counts.
func (s *Sockets) greet(ctx context.Context, one *socket, id string) bool {
	n, err := s.binder.Status(ctx, id, event.Handshake)
	if err != nil {
		return false
	}
	if text := line(n); text != nil {
		one.write(ctx, text)
	}
	s.hub.greet(one, id, n.Number)
	return true
}

// bindClassic is the binding of R4, where the id is all that is needed (http://hl7.org/fhir/R4/subscription.html#websocket).
func (s *Sockets) bindClassic(ctx context.Context, one *socket, id string) string {
	const refused = "the subscription cannot be bound by its id: ask for a token with $get-ws-binding-token"
	if !s.options.Open || !fhir.ValidID(id) {
		return refused
	}
	if n, err := s.binder.Status(ctx, id, event.Handshake); err != nil || n.Topic != "" || channelType(n.Subscription) != TypeWebSocket {
		return refused
	}
	isNew, ok := s.hub.bind(one, id, time.Time{}, s.options.Bindings)
	if !ok {
		return "there are too many subscriptions on this connection"
	}
	if isNew && !s.greet(ctx, one, id) {
		return refused
	}
	return ""
}

func channelType(sub *fhir.Resource) string { return sub.Root().Get("channel").Get("type").Text() }

// keep pings the client, ends what has expired, and the connection when the client does not answer.
func (s *Sockets) keep(ctx context.Context, one *socket) {
	ping, look := time.NewTicker(s.options.Quiet), time.NewTicker(sweep)
	defer ping.Stop()
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			if s.hub.expire(one, s.options.Now()) {
				_ = one.conn.Close(websocket.StatusPolicyViolation, "the token has expired")
				return
			}
		case <-ping.C:
			alive, cancel := context.WithTimeout(ctx, s.options.Quiet)
			err := one.conn.Ping(alive)
			cancel()
			if err != nil {
				_ = one.conn.CloseNow()
				return
			}
		}
	}
}

// Close ends all connections, and takes no more: the server stops, and net/http does not know of them.
func (s *Sockets) Close() {
	var closing sync.WaitGroup
	for _, conn := range s.hub.close() {
		closing.Go(func() {
			defer time.AfterFunc(farewell, func() { _ = conn.CloseNow() }).Stop()
			_ = conn.Close(websocket.StatusGoingAway, "the server stops")
		})
	}
	closing.Wait()
}
