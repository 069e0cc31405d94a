package replica

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Opcodes of http://mongodb.com/docs/manual/reference/mongodb-wire-protocol.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

const (
	headerSize = 16
	maxMessage = 48_000_000
)

const errWire = constError("the message is not one of the wire protocol")

type constError string

func (e constError) Error() string { return string(e) }

// message is a command as it came.
type message struct {
	id        int32
	op        int32
	body      bson.D
	size      int  // of the body, in bytes
	more      bool // no answer is wanted
	sequences map[string][]bson.Raw
}

func readMessage(r io.Reader) (*message, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header[:])
	if size < headerSize || size > maxMessage {
		return nil, errWire
	}
	b := make([]byte, size-headerSize)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, err
	}
	m := &message{id: int32(binary.LittleEndian.Uint32(header[4:])), op: int32(binary.LittleEndian.Uint32(header[12:])), sequences: make(map[string][]bson.Raw)} //nolint:gosec // the protocol's own
	switch m.op {
	case opQuery:
		end := bytes.IndexByte(b[4:], 0)
		if end < 0 || len(b) < end+13 {
			return nil, errWire
		}
		return m, bson.Unmarshal(b[4+end+1+8:], &m.body)
	case opMsg:
		return m, m.sections(b)
	}
	return nil, errWire
}

func (m *message) sections(b []byte) error {
	flags := binary.LittleEndian.Uint32(b)
	m.more = flags&2 != 0
	if b = b[4:]; flags&1 != 0 {
		b = b[:len(b)-4] // checksum
	}
	for len(b) > 0 {
		kind := b[0]
		size := int(binary.LittleEndian.Uint32(b[1:]))
		if size > len(b)-1 {
			return errWire
		}
		section := b[1 : 1+size]
		b = b[1+size:]
		if kind == 0 {
			m.size = size
			if err := bson.Unmarshal(section, &m.body); err != nil {
				return err
			}
			continue
		}
		end := bytes.IndexByte(section[4:], 0)
		name := string(section[4 : 4+end])
		for rest := section[4+end+1:]; len(rest) > 4; {
			n := int(binary.LittleEndian.Uint32(rest))
			if n > len(rest) {
				return errWire
			}
			m.sequences[name] = append(m.sequences[name], bson.Raw(rest[:n]))
			rest = rest[n:]
		}
	}
	return nil
}

func writeReply(w net.Conn, to *message, body bson.D) error {
	doc, err := bson.Marshal(body)
	if err != nil {
		return err
	}
	op, prefix := uint32(opMsg), make([]byte, 5) // flags and the kind of section
	if to.op == opQuery {
		op, prefix = opReply, make([]byte, 20)
		binary.LittleEndian.PutUint32(prefix[16:], 1)
	}
	out := make([]byte, headerSize, headerSize+len(prefix)+len(doc))
	binary.LittleEndian.PutUint32(out, uint32(headerSize+len(prefix)+len(doc))) //nolint:gosec // below the limit
	binary.LittleEndian.PutUint32(out[8:], uint32(to.id))                       //nolint:gosec // the protocol's own
	binary.LittleEndian.PutUint32(out[12:], op)
	out = append(append(out, prefix...), doc...)
	_, err = w.Write(out)
	return err
}
