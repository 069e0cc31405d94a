package wire

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"strconv"
	"time"
)

const (
	// readBuffer holds the head and a small body of an answer, so that most answers cost one read.
	readBuffer = 32 << 10
	// copyBody is the size in bytes up to which a body is copied behind the head, to leave in one write.
	copyBody = 64 << 10
	// maxIdle is how long a connection may lie unused before a request opens a new one: servers close idle
	// connections, and a POST that meets a closed one must not be sent twice (RFC 9110 section 9.2.2).
	maxIdle = 15 * time.Second
)

// Conn is a connection that is opened when it is needed. It is used by one goroutine at a time.
type Conn struct {
	ctx     context.Context // ends the connection, also in the middle of an exchange
	server  Server
	timeout time.Duration
	fields  string // header fields of every request, each ended by CRLF
	net     net.Conn
	forget  func() bool // takes back what ctx would do to net
	in      *bufio.Reader
	out     []byte
	head    []byte // copies of the field values that answer points into
	body    []byte
	answer  Response
	begun   bool // the first byte of the answer has arrived
	used    time.Time
}

// New gives a connection to the server, not opened yet. Every request takes at most the timeout, connecting included, and
// bears the given header fields ("Accept: application/fhir+json"). When ctx ends, so does the exchange under way.
func New(ctx context.Context, server Server, timeout time.Duration, fields ...string) *Conn {
	c := &Conn{ctx: ctx, server: server, timeout: timeout}
	c.fields = " HTTP/1.1\r\nHost: " + server.Host + "\r\n"
	for _, f := range fields {
		c.fields += f + "\r\n"
	}
	return c
}

// Do sends a request to a path below the FHIR base ("/Patient/1"; "" is the base itself) and reads the whole answer, of any
// status. The answer is good until the next Do. The bodies sent are FHIR JSON; nil sends none.
// See Reason for the errors.
func (c *Conn) Do(method string, path, body []byte) (*Response, error) {
	now := time.Now()
	if c.net != nil && now.Sub(c.used) > maxIdle {
		c.Close()
	}
	reused := c.net != nil
	err := c.exchange(now, method, path, body)
	if err != nil && reused && !c.begun && method != "POST" && !errors.Is(err, os.ErrDeadlineExceeded) && c.ctx.Err() == nil {
		// The server closed the connection between two requests, as it may at any time.
		c.Close()
		err = c.exchange(now, method, path, body)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	c.used = time.Now()
	if c.answer.close {
		c.Close()
	}
	return &c.answer, nil
}

// Close closes the connection; a later Do opens it again.
func (c *Conn) Close() {
	if c.net == nil {
		return
	}
	c.forget()
	_ = c.net.Close() // nothing is left to be flushed, and nobody to tell
	c.net = nil
}

func (c *Conn) exchange(now time.Time, method string, path, body []byte) error {
	c.begun = false
	deadline := now.Add(c.timeout)
	if c.net == nil {
		if err := c.dial(deadline); err != nil {
			return err
		}
	}
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := c.net.SetDeadline(deadline); err != nil {
		return err
	}
	sent := c.send(method, path, body)
	// A server may refuse a body before it has read it all (413, 401) and close: its answer says more than the failed write.
	err := c.receive()
	if err != nil && sent != nil {
		return sent
	}
	if sent != nil {
		c.answer.close = true
	}
	return err
}

func (c *Conn) dial(deadline time.Time) error {
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(c.ctx, "tcp", c.server.Address)
	if err != nil {
		return err
	}
	if c.server.TLS != nil {
		secured := tls.Client(conn, c.server.TLS)
		_ = secured.SetDeadline(deadline) // the handshake fails if this did
		if err := secured.HandshakeContext(c.ctx); err != nil {
			_ = conn.Close()
			return err
		}
		conn = secured
	}
	c.net = conn
	c.forget = context.AfterFunc(c.ctx, func() { _ = conn.Close() })
	if c.in == nil {
		c.in = bufio.NewReaderSize(conn, readBuffer)
	}
	c.in.Reset(conn)
	return nil
}

func (c *Conn) send(method string, path, body []byte) error {
	out := append(c.out[:0], method...)
	out = append(out, ' ')
	out = append(out, c.server.Base...)
	out = append(out, path...)
	if c.server.Base == "" && len(path) == 0 {
		out = append(out, '/')
	}
	out = append(out, c.fields...)
	if body != nil {
		out = append(out, "Content-Type: application/fhir+json\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(body)), 10)
		out = append(out, "\r\n"...)
	}
	out = append(out, "\r\n"...)
	if len(body) <= copyBody {
		out = append(out, body...)
		body = nil
	}
	c.out = out
	_, err := c.net.Write(out)
	if err == nil && body != nil {
		_, err = c.net.Write(body)
	}
	return err
}
