package fhir

import (
	"context"
	"fmt"
)

// MessageEvent names what a message is about (http://hl7.org/fhir/R4/messageheader.html): MessageHeader.eventCoding, or, without a
// System, MessageHeader.eventUri as the Code.
type MessageEvent struct{ System, Code string }

// Message is a message that has come to $process-message: a Bundle that has been through the write gate, and begins with Header.
type Message struct {
	Event  MessageEvent
	Header Element
	Bundle *Resource
	Base   string // the server's FHIR base as the sender sees it
}

// MessageReply is what comes of a message. Resources stand in the response after its MessageHeader, which has Focus as its focus.
type MessageReply struct {
	Event     MessageEvent // of the response; zero = that of the message
	Focus     []string     // references
	Resources []*Resource
}

// MessageHandler carries a message out, as the principal in ctx. An Outcome makes the response a fatal-error, one of the kinds that pass
// (Transient, Timeout, Throttled, LockError) a transient-error; any other error fails the request.
type MessageHandler func(ctx context.Context, m *Message) (*MessageReply, error)

// Message enters who carries out messages about an event. It fails for one that somebody carries out already.
func (r *Registry) Message(event MessageEvent, h MessageHandler) error {
	if r.messages == nil {
		r.messages = make(map[MessageEvent]MessageHandler)
	}
	if r.messages[event] != nil {
		return fmt.Errorf("messages about %s|%s are carried out by two", event.System, event.Code)
	}
	r.messages[event] = h
	return nil
}

// FindMessage is who carries out messages about an event; nil = nobody.
func (r *Registry) FindMessage(event MessageEvent) MessageHandler { return r.messages[event] }
