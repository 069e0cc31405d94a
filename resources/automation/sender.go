package automation

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Message is what is sent to a person.
type Message struct {
	ID      string    `json:"id"` // the same for each attempt: who has sent it already need not do so again
	Time    time.Time `json:"time"`
	Medium  string    `json:"medium"` // "sms" or "email"
	To      string    `json:"to"`
	Subject string    `json:"subject,omitempty"` // of an email
	Text    string    `json:"text"`
}

// Sender sends messages by one medium. An error means that the message has not been sent, and is to be tried again.
type Sender interface {
	Send(ctx context.Context, m *Message) error
}

// Outbox is a Sender that needs no provider: it appends each message to a file of its folder, "sms.jsonl" or "email.jsonl", one JSON object a
// line. The files can be read by their owner only. It is for demonstrations, and for handing messages to a program that watches the folder.
type Outbox struct {
	Dir string

	mu sync.Mutex
}

// Send implements Sender.
func (o *Outbox) Send(_ context.Context, m *Message) (err error) {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(o.Dir, m.Medium+".jsonl"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	if _, err = f.Write(append(line, '\n')); err == nil {
		err = f.Sync()
	}
	return err
}
