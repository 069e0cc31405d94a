package eventtest

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Notification is a backport notification Bundle as a subscriber reads it.
type Notification struct {
	Subscription, Topic, Status, Type string
	Since                             int64 // events-since-subscription-start
	Error                             string
	Events                            []Event
	Entries                           []Entry // those after the status
}

// Event is a notification-event.
type Event struct {
	Number    int64
	Timestamp string
	Focus     string
	Context   []string
}

// Entry is an entry of the Bundle.
type Entry struct {
	FullURL  string
	Method   string
	URL      string
	Response string          // its status
	Resource json.RawMessage // nil = none
}

// Parse reads a notification Bundle, and insists on its shape: a history Bundle whose first entry is the status, and every entry with
// request and response.
func Parse(text string) (*Notification, error) {
	var bundle struct {
		ResourceType, Type string
		Entry              []struct {
			FullURL  string
			Resource json.RawMessage
			Request  *struct{ Method, URL string }
			Response *struct{ Status string }
		}
	}
	if err := json.Unmarshal([]byte(text), &bundle); err != nil {
		return nil, err
	}
	if bundle.ResourceType != "Bundle" || bundle.Type != "history" || len(bundle.Entry) == 0 {
		return nil, fmt.Errorf("a %s of type %q with %d entries is no notification", bundle.ResourceType, bundle.Type, len(bundle.Entry))
	}
	n := &Notification{}
	for i, e := range bundle.Entry {
		if e.Request == nil || e.Response == nil {
			return nil, fmt.Errorf("entry %d has no request or no response", i)
		}
		if i > 0 {
			n.Entries = append(n.Entries, Entry{e.FullURL, e.Request.Method, e.Request.URL, e.Response.Status, e.Resource})
		}
	}
	return n, n.status(bundle.Entry[0].Resource)
}

type parameter struct {
	Name           string
	ValueReference struct{ Reference string }
	ValueCanonical string
	ValueCode      string
	ValueString    string
	ValueInstant   string
	ValueCodeable  struct{ Text string } `json:"valueCodeableConcept"`
	Part           []parameter
}

// status reads the Parameters of the first entry.
func (n *Notification) status(text json.RawMessage) error {
	var status struct {
		ResourceType string
		Parameter    []parameter
	}
	if err := json.Unmarshal(text, &status); err != nil {
		return err
	}
	if status.ResourceType != "Parameters" {
		return fmt.Errorf("the first entry is a %s, not the status", status.ResourceType)
	}
	var err error
	for _, p := range status.Parameter {
		switch p.Name {
		case "subscription":
			n.Subscription = p.ValueReference.Reference
		case "topic":
			n.Topic = p.ValueCanonical
		case "status":
			n.Status = p.ValueCode
		case "type":
			n.Type = p.ValueCode
		case "error":
			n.Error = p.ValueCodeable.Text
		case "events-since-subscription-start":
			if n.Since, err = strconv.ParseInt(p.ValueString, 10, 64); err != nil {
				return err
			}
		case "notification-event":
			var e Event
			for _, part := range p.Part {
				switch part.Name {
				case "event-number":
					if e.Number, err = strconv.ParseInt(part.ValueString, 10, 64); err != nil {
						return err
					}
				case "timestamp":
					e.Timestamp = part.ValueInstant
				case "focus":
					e.Focus = part.ValueReference.Reference
				case "additional-context":
					e.Context = append(e.Context, part.ValueReference.Reference)
				}
			}
			n.Events = append(n.Events, e)
		}
	}
	if n.Subscription == "" || n.Status == "" || n.Type == "" {
		return fmt.Errorf("the status lacks subscription, status or type")
	}
	return nil
}
