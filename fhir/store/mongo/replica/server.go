package replica

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Server is the replica set.
type Server struct {
	// Standalone has it say that it is no member of a set.
	Standalone bool
	// Wire is the greatest wire version that it says it has; 0 = 21.
	Wire int32
	// Fault is asked before every command but hello: a non-nil answer is given instead. Hangup closes the connection.
	Fault func(c Command) *Fault

	// Access says who may ask; nil = everybody.
	Access *Access

	// Backend, if given, carries out the commands that read and write, instead of the server itself: another server can be tried that
	// way which has no sessions and no transactions. Writes of a transaction happen at once then, and stay.
	Backend func(db string, command bson.D) (bson.D, error)

	// Lifetime is how long a transaction is kept whose connection is closed; 0 = one second.
	Lifetime time.Duration

	listener net.Listener
	wait     sync.WaitGroup
	mu       sync.Mutex
	freed    *sync.Cond // a transaction has ended
	closed   bool
	conns    map[net.Conn]bool
	clock    uint32
	data     map[string]*collection // by database and name
	txns     map[string]*txn        // by session
	cursors  map[int64]*open
	done     map[string]int64 // the last transaction that each session has committed
}

// Command is what a client has sent.
type Command struct {
	Name        string
	Body        bson.D
	Sequences   map[string][]bson.Raw
	Transaction bool
}

// Fault is a scripted answer.
type Fault struct {
	Code   int32
	Text   string
	Labels []string
	Hangup bool // no answer at all
	After  bool // the command is carried out first
}

// Start starts a server.
func Start() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return listen(l), nil
}

func listen(l net.Listener) *Server {
	s := &Server{listener: l, conns: make(map[net.Conn]bool), clock: 1, data: make(map[string]*collection), txns: make(map[string]*txn), done: make(map[string]int64), cursors: make(map[int64]*open)}
	s.freed = sync.NewCond(&s.mu)
	s.wait.Go(s.serve)
	return s
}

// URI is where it is.
func (s *Server) URI() string {
	if s.Standalone {
		return "mongodb://" + s.listener.Addr().String() + "/?directConnection=true"
	}
	return "mongodb://" + s.listener.Addr().String() + "/?replicaSet=rs0"
}

// Close stops it, and everything in it is gone.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	err := s.listener.Close()
	for c := range s.conns {
		c.Close()
	}
	s.freed.Broadcast()
	s.mu.Unlock()
	s.wait.Wait()
	return err
}

func (s *Server) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.wait.Go(func() { s.talk(c) })
	}
}

// talk answers one connection. What it has begun goes on for a while when it is closed.
func (s *Server) talk(c net.Conn) {
	mine, app := make(map[string]bool), ""
	who := &visitor{conn: c}
	defer func() {
		c.Close()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
		for id := range mine {
			s.abandon(id)
		}
	}()
	for {
		m, err := readMessage(c)
		if err != nil {
			return
		}
		r := &request{server: s, message: m, name: m.body[0].Key, mine: mine}
		r.read()
		if client, is := get(m.body, "client").(bson.D); is {
			application, _ := get(client, "application").(bson.D)
			app, _ = get(application, "name").(string)
		}
		r.app = app
		fault := s.fault(r)
		var answer bson.D
		if fault == nil || fault.After {
			answer = s.guarded(who, r)
		}
		if fault != nil {
			if fault.Hangup {
				return
			}
			answer = failure(fault.Code, fault.Text, fault.Labels...)
			if slices.Contains(fault.Labels, labelTransient) {
				s.mu.Lock()
				s.abort(r.session)
				s.mu.Unlock()
			}
		}
		if m.more {
			continue
		}
		if err := writeReply(c, m, answer); err != nil {
			return
		}
	}
}

func (s *Server) fault(r *request) *Fault {
	if s.Fault == nil || r.name == "hello" || r.name == "isMaster" || r.name == "ismaster" {
		return nil
	}
	return s.Fault(Command{Name: r.name, Body: r.body, Sequences: r.sequences, Transaction: r.inTxn})
}

func failure(code int32, text string, labels ...string) bson.D {
	d := bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: text}, {Key: "code", Value: code}, {Key: "codeName", Value: fmt.Sprint("Code", code)}}
	if len(labels) > 0 {
		d = append(d, bson.E{Key: "errorLabels", Value: labels})
	}
	return d
}

func ok(fields ...bson.E) bson.D { return append(bson.D(fields), bson.E{Key: "ok", Value: 1.0}) }

func (s *Server) hello() bson.D {
	addr := s.listener.Addr().String()
	wire := s.Wire
	if wire == 0 {
		wire = 21
	}
	d := bson.D{{Key: "helloOk", Value: true}, {Key: "isWritablePrimary", Value: true}, {Key: "ismaster", Value: true}, {Key: "maxBsonObjectSize", Value: int32(16 << 20)},
		{Key: "maxMessageSizeBytes", Value: int32(maxMessage)}, {Key: "maxWriteBatchSize", Value: int32(maxBatch)}, {Key: "localTime", Value: bson.NewDateTimeFromTime(time.Now())},
		{Key: "logicalSessionTimeoutMinutes", Value: int32(30)}, {Key: "connectionId", Value: int32(1)}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: wire}, {Key: "readOnly", Value: false}}
	if !s.Standalone {
		d = append(d, bson.E{Key: "setName", Value: "rs0"}, bson.E{Key: "setVersion", Value: int32(1)}, bson.E{Key: "secondary", Value: false}, bson.E{Key: "hosts", Value: bson.A{addr}},
			bson.E{Key: "me", Value: addr}, bson.E{Key: "primary", Value: addr})
	}
	return ok(d...)
}
