package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// maxBody is the longest answer in bytes that is read: past it something other than a FHIR server answers.
const maxBody = 1 << 30

// Response is an answer. Its slices belong to the connection and change with the next request.
type Response struct {
	Status   int
	ETag     []byte // as it stands: W/"3"
	Location []byte
	Encoding []byte // Content-Encoding: "gzip", or nil
	Body     []byte // still in that encoding
	Received int    // head and body in bytes, chunk framing left out
	close    bool   // the connection ends with this answer
}

// framing says where the body of an answer ends (RFC 9112 section 6).
type framing struct {
	length  int // in bytes; -1: not said
	chunked bool
}

func (c *Conn) receive() error {
	if _, err := c.in.Peek(1); err != nil {
		return err
	}
	c.begun = true
	for {
		f, err := c.readHead()
		if err != nil {
			return err
		}
		if c.answer.Status >= 200 {
			err = c.readBody(f)
			c.answer.Body = c.body
			c.answer.Received += len(c.body)
			return err
		}
		if c.answer.Status == 101 {
			return errors.New("malformed answer: it switches to a protocol nobody asked for")
		}
	}
}

func (c *Conn) readHead() (framing, error) {
	f := framing{length: -1}
	line, err := c.line()
	if err != nil {
		return f, err
	}
	// "HTTP/1.1 200 OK": the reason may be missing.
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' {
		return f, fmt.Errorf("malformed answer: it begins with %.40q, which is not HTTP/1", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return f, fmt.Errorf("malformed answer: status line %.40q", line)
	}
	c.head = c.head[:0]
	c.answer = Response{Status: status, Received: len(line) + 2, close: line[7] == '0'}
	for {
		line, err := c.line()
		if err != nil {
			return f, err
		}
		c.answer.Received += len(line) + 2
		if len(line) == 0 {
			return f, nil
		}
		name, value, ok := bytes.Cut(line, []byte{':'})
		if !ok {
			return f, fmt.Errorf("malformed answer: header line %.40q", line)
		}
		if err := c.field(&f, name, bytes.TrimSpace(value)); err != nil {
			return f, err
		}
	}
}

// field keeps what the generator looks at. The length comes first because it rules out nearly every other field.
func (c *Conn) field(f *framing, name, value []byte) error {
	switch len(name) {
	case len("etag"):
		if is(name, "etag") {
			c.answer.ETag = c.keep(value)
		}
	case len("location"):
		if is(name, "location") {
			c.answer.Location = c.keep(value)
		}
	case len("connection"):
		if is(name, "connection") {
			// HTTP/1.0 closes unless it says otherwise, HTTP/1.1 the other way round.
			c.answer.close = is(value, "close") || c.answer.close && !is(value, "keep-alive")
		}
	case len("content-length"):
		if is(name, "content-length") {
			n, err := strconv.Atoi(string(value))
			if err != nil || n < 0 || n > maxBody {
				return fmt.Errorf("malformed answer: Content-Length %.40q", value)
			}
			f.length = n
		}
	case len("content-encoding"):
		if is(name, "content-encoding") && !is(value, "identity") {
			c.answer.Encoding = c.keep(value)
		}
	case len("transfer-encoding"):
		if is(name, "transfer-encoding") {
			f.chunked = is(value, "chunked")
		}
	}
	return nil
}

func is(text []byte, word string) bool { return bytes.EqualFold(text, []byte(word)) }

// keep copies a value out of the read buffer, which the body overwrites.
func (c *Conn) keep(value []byte) []byte {
	at := len(c.head)
	c.head = append(c.head, value...)
	return c.head[at:len(c.head):len(c.head)]
}

// line reads a line without its end. It is good until the next read.
func (c *Conn) line() ([]byte, error) {
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return nil, unexpected(err)
	}
	line = line[:len(line)-1]
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, nil
}

func (c *Conn) readBody(f framing) error {
	c.body = c.body[:0]
	switch {
	case c.answer.Status == 204 || c.answer.Status == 304:
		return nil
	case f.chunked:
		return c.readChunks()
	case f.length >= 0:
		return c.read(f.length)
	}
	c.answer.close = true // the body lasts as long as the connection
	for {
		c.body = slices.Grow(c.body, 4096)
		n, err := c.in.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(c.body) > maxBody {
			return errors.New("malformed answer: it does not end")
		}
	}
}

func (c *Conn) readChunks() error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		size, _, _ := bytes.Cut(line, []byte{';'})
		n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 16, 64)
		if err != nil || n < 0 || n > maxBody-int64(len(c.body)) {
			return fmt.Errorf("malformed answer: chunk size %.40q", line)
		}
		if n == 0 {
			break
		}
		if err := c.read(int(n)); err != nil {
			return err
		}
		if line, err := c.line(); err != nil || len(line) != 0 {
			return errors.Join(errors.New("malformed answer: a chunk does not end where it says"), err)
		}
	}
	for { // trailer fields
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return err
		}
	}
}

// read appends n bytes to the body.
func (c *Conn) read(n int) error {
	at := len(c.body)
	c.body = slices.Grow(c.body, n)[:at+n]
	_, err := io.ReadFull(c.in, c.body[at:])
	return unexpected(err)
}

// unexpected says that an end of the connection came in the middle of an answer.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
