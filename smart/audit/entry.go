package audit

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"andiron.dev/fhir"
)

// Entry is the event as an entry of the journal. The journal gives it its time when it is committed; the event's own, when the thing
// happened, stays in the body.
//
// Every key costs a row of an index, thousands of times a second, so only what is rare or names somebody becomes one: the patients and
// who did it, each as the digest of the reference that AuditEvents are searched by; kinds other than Rest; outcomes other than success.
func (e *Event) Entry() *fhir.JournalEntry {
	body, err := json.Marshal(e)
	if err != nil {
		panic(err) // of strings and numbers alone JSON can be made
	}
	return &fhir.JournalEntry{Keys: e.keys(), Body: body}
}

// Decode reads an event back from its entry.
func Decode(entry *fhir.JournalEntry) (*Event, error) {
	e := &Event{}
	if err := json.Unmarshal(entry.Body, e); err != nil {
		return nil, fmt.Errorf("entry %d of the journal is no event: %w", entry.Seq, err)
	}
	return e, nil
}

func (e *Event) keys() []string {
	keys := make([]string, 0, len(e.Patients)+2)
	who := e.agent()
	if who != "" {
		keys = append(keys, keyOf(who))
	}
	for _, id := range e.Patients {
		if ref := "Patient/" + id; ref != who { // who may read their own record
			keys = append(keys, keyOf(ref))
		}
	}
	if e.Kind != Rest {
		keys = append(keys, kindKey(e.Kind))
	}
	if e.Outcome != 0 {
		keys = append(keys, outcomeKey(e.Outcome))
	}
	return keys
}

// agent is what whoever did it is found by: the resource that the user is in the records, otherwise the subject.
func (e *Event) agent() string {
	if ref := fhir.ParseReference(e.FhirUser).Relative(); ref != "" {
		return ref
	}
	return e.Subject
}

// keyOf is the key of a reference or subject: patients must not be named in an index.
func keyOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func kindKey(k Kind) string { return "k:" + string(k) }

func outcomeKey(outcome int) string { return "o:" + strconv.Itoa(outcome) }
