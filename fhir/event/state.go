package event

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// Kinds of records.
const (
	topicRecord    = "event.topic"        // key: canonical; value: id of the Basic
	cursorRecord   = "event.cursor"       // key: "outbox"
	leaseRecord    = "event.lease"        // key: "dispatcher"
	ownerRecord    = "event.owner"        // key: id of the Subscription; value: as of Authority
	stateRecord    = "event.state"        // key: id of the Subscription
	eventsRecord   = "event.events"       // key: id and first number; owner: id of the Subscription; value: chunk
	batchRecord    = "event.batch"        // key: place in the commit order; value: what the chunks of a commit are about
	deliveryRecord = "event.delivery"     // key: id of the Subscription
	resendRecord   = "event.resend"       // key: id of the Subscription
	tokenRecord    = "event.bindingtoken" // key: digest
)

// What is kept of the events of a subscription, for $events.
const (
	keptTime   = 7 * 24 * time.Hour
	keptEvents = 10_000 // of those that were delivered
)

// state is how far a subscription has come in the outbox. Only the dispatcher changes it, in the commit that moves its cursor.
type state struct {
	Version string `json:"version"`           // of the Subscription that is in force
	Number  int64  `json:"number"`            // of its last event
	On      bool   `json:"on"`                // it is told of events
	Skipped int64  `json:"skipped,omitempty"` // number of the last event that is not delivered, because the subscription was in error or off
}

// happened is one event of a subscription, as it is kept: what happened to which version.
type happened struct {
	Number  int64            `json:"-"` // of a subscription; a batch is about many
	Seq     fhir.Seq         `json:"s"`
	Type    string           `json:"t"`
	ID      string           `json:"i"`
	Version string           `json:"v"`
	Method  fhir.Interaction `json:"m"`
	Time    time.Time        `json:"a"`

	resource *fhir.Resource // to save reading it; nil = it has to be read
}

// chunk are events of a subscription that were numbered in one commit: runs of those of the batch, by the index of the first and how many. A hundred
// subscriptions that an event concerns share what is kept of it.
type chunk struct {
	Batch string   `json:"b"`
	Runs  [][2]int `json:"x"`
}

// add appends the event with an index.
func (c *chunk) add(index int) {
	if n := len(c.Runs); n > 0 && c.Runs[n-1][0]+c.Runs[n-1][1] == index {
		c.Runs[n-1][1]++
		return
	}
	c.Runs = append(c.Runs, [2]int{index, 1})
}

// events are those of a chunk, with their numbers from first on.
func (c *chunk) events(batch []happened, first int64) (list []happened) {
	for _, run := range c.Runs {
		for i := run[0]; i < run[0]+run[1] && i < len(batch); i++ {
			h := batch[i]
			h.Number = first
			first++
			list = append(list, h)
		}
	}
	return list
}

// sent is how far the deliveries of a subscription have come.
type sent struct {
	Number  int64     `json:"number"`            // of the last event that was delivered, or given up
	Failed  int       `json:"failed,omitempty"`  // attempts in a row
	First   time.Time `json:"first,omitzero"`    // of them
	Next    time.Time `json:"next,omitzero"`     // when to try again
	Problem string    `json:"problem,omitempty"` // why the last one failed
}

// span is a range of event numbers, both included.
type span struct {
	From int64 `json:"from"`
	To   int64 `json:"to"`
}

func eventsKey(id string, first int64) string { return fmt.Sprintf("%s/%016d", id, first) }

// keep writes a record whose value is JSON.
func keep(ctx context.Context, tx fhir.Recorder, r fhir.Record, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fhir.Internal(err)
	}
	r.Value = text
	return tx.Keep(ctx, &r)
}

// fetch reads a record whose value is JSON; ok is false where there is none.
func fetch(ctx context.Context, in fhir.RecordReader, kind, key string, value any) (ok bool, err error) {
	r, err := in.Record(ctx, kind, key)
	switch fhir.CodeOf(err) {
	case "":
		if err := json.Unmarshal(r.Value, value); err != nil {
			return false, fhir.Internal(fmt.Errorf("the record %s is unreadable: %w", kind, err))
		}
		return true, nil
	case fhir.NotFound:
		return false, nil
	}
	return false, err
}

func unquote(value []byte) []byte {
	var text string
	_ = json.Unmarshal(value, &text) // what is no string is no id
	return []byte(text)
}

// eventsOf reads events of a subscription with numbers from and up to, at most max.
func eventsOf(ctx context.Context, in fhir.RecordReader, known *recent, id string, from, to int64, max int) (list []happened, err error) {
	after := eventsKey(id, from-maxBatch-1)
	if from <= maxBatch {
		after = ""
	}
	for len(list) < max {
		records, err := in.Records(ctx, eventsRecord, id, after, 8)
		if err != nil || len(records) == 0 {
			return list, err
		}
		for _, r := range records {
			after = r.Key
			var c chunk
			if err := json.Unmarshal(r.Value, &c); err != nil {
				return nil, fhir.Internal(fmt.Errorf("events of a subscription are unreadable: %w", err))
			}
			batch, ok, err := known.batch(ctx, in, c.Batch)
			if err != nil {
				return nil, err
			} else if !ok {
				continue // it expires at the same time
			}
			first, err := strconv.ParseInt(r.Key[strings.LastIndexByte(r.Key, '/')+1:], 10, 64)
			if err != nil {
				return nil, fhir.Internal(err)
			}
			part := c.events(batch, first)
			for _, h := range part {
				if h.Number >= from && h.Number <= to && len(list) < max {
					list = append(list, h)
				}
			}
			if len(part) > 0 && part[len(part)-1].Number >= to {
				return list, nil
			}
		}
	}
	return list, nil
}
