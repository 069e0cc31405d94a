package search

import (
	"time"

	"andiron.dev/fhir/r4"
)

// Slot is the place of one expression term in the index of a resource type. Parameters whose expressions have a term in
// common ("patient" and "subject" of an Observation) share the slot, so that its values are kept once.
type Slot struct {
	Type string       // resource type
	Kind r4.ParamType // which kind of value is kept
	Term string       // the term, as canonical FHIRPath
}

// Key names the slot durably: engines keep it in their dictionaries.
func (s *Slot) Key() string { return s.Type + " " + string(s.Kind) + " " + s.Term }

// Values are the index values of one resource: what its search parameters can be asked for. Engines keep them beside
// the resource; Match answers from them in memory.
type Values struct {
	Tokens     []TokenValue
	Strings    []StringValue
	Dates      []DateValue
	References []ReferenceValue
	URIs       []URIValue
	Numbers    []NumberValue
	Quantities []QuantityValue
	TokenTexts []TokenTextValue
	Composites []CompositeValue
	Positions  []PositionValue
}

// TokenValue is a code, Coding, Identifier, ContactPoint or boolean.
type TokenValue struct {
	Slot         *Slot
	System, Code string // System "" = none
}

// StringValue is a text, or a part of a HumanName or Address.
type StringValue struct {
	Slot   *Slot
	Folded string // without case, accents, punctuation and superfluous white space: see Fold
	Text   string
}

// DateValue is an interval, half-open, in UTC. A zero Low or High is an open end.
type DateValue struct {
	Slot      *Slot
	Low, High time.Time
}

// ReferenceValue is a reference to a resource, or to a URL that does not have the form of one. Whether Base is this server's
// own is decided when it is asked for: clients may know the server under several names.
type ReferenceValue struct {
	Slot    *Slot
	Type    string // "" for a URL
	ID      string // logical id, or the URL
	Version string // of a version-specific reference or canonical
	Base    string // of an absolute reference; "" = relative
}

// URIValue is a uri, url, canonical, oid or uuid.
type URIValue struct {
	Slot    *Slot
	URI     string
	Version string // of a canonical: what stands after '|'
}
