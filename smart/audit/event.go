package audit

import (
	"time"

	"andiron.dev/fhir"
)

// Kind is what sort of thing an event tells of.
type Kind string

// The kinds of events.
const (
	Rest       Kind = "rest"       // a FHIR interaction
	Login      Kind = "login"      // DCM 110114 with subtype 110122
	Logout     Kind = "logout"     // DCM 110114 with subtype 110123
	Token      Kind = "token"      // issue, refresh, revoke, reuse, launch
	Consent    Kind = "consent"    // a user allowed an app something, or took it back
	Admin      Kind = "admin"      // clients, users, keys, settings
	Export     Kind = "export"     // disclosure
	BreakGlass Kind = "breakglass" // DCM 110113 with subtype 110127
)

// Event is one thing that happened. Its JSON is the body of a journal entry, so the names are short.
type Event struct {
	Time    time.Time `json:"t,omitzero"`
	Kind    Kind      `json:"k,omitempty"`
	Subtype string    `json:"s,omitempty"` // code of restful-interaction for Rest, otherwise a word: "issue", "refresh", "reuse", "client-add" …
	Outcome int       `json:"o,omitempty"` // 0 success, 4 minor failure (refused), 8 serious, 12 major (the server failed)
	Reason  string    `json:"r,omitempty"` // why it failed, without patient data

	Subject  string   `json:"u,omitempty"` // smart.Principal.Subject
	Name     string   `json:"n,omitempty"`
	FhirUser string   `json:"f,omitempty"`
	ClientID string   `json:"c,omitempty"`
	Roles    []string `json:"l,omitempty"`
	TokenID  string   `json:"j,omitempty"`
	Purpose  string   `json:"p,omitempty"` // v3-ActReason
	Address  string   `json:"a,omitempty"`
	Issuer   string   `json:"i,omitempty"`

	RequestID string   `json:"q,omitempty"`
	Patients  []string `json:"P,omitempty"` // ids of the patients whose records it touched
	What      []string `json:"w,omitempty"` // versioned references to what was read or written
	Query     string   `json:"Q,omitempty"` // the query of a search, as sent: "Patient?name=x"

	Operation string  `json:"x,omitempty"` // code of an operation, without '$'
	Writes    []Write `json:"W,omitempty"` // what a request has written, instead of What
}

// Write is one version that a request has written.
type Write struct {
	What   string           `json:"w"` // versioned reference
	Method fhir.Interaction `json:"m"` // Create, Update or Delete
	// Patients are those of Event.Patients, by their places, whose records it is or was in; nil = of all of them.
	Patients []int `json:"p,omitzero"`
}
