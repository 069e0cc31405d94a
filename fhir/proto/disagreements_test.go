package proto_test

import "strings"

// disagreement is a class of resources that one of the two accepts and the other refuses.
type disagreement struct {
	mutation string
	detail   string // what the detail of the mutant begins with
	theirs   string // what google/fhir's opinion holds; "" = it accepts
	right    string // gate or google/fhir
	why      string
}

func (d disagreement) explains(m mutant, theirs string) bool {
	detail := m.detail
	if !strings.HasPrefix(d.detail, "contained") {
		detail = strings.TrimSpace(strings.TrimPrefix(detail, "contained"))
	}
	return d.mutation == m.mutation && strings.HasPrefix(detail, d.detail) && (d.theirs == "") == (theirs == "") && strings.Contains(theirs, d.theirs)
}

func (d disagreement) String() string {
	says := "accepts"
	if d.theirs != "" {
		says = "refuses"
	}
	return strings.TrimSpace(d.mutation+" "+d.detail) + ": google/fhir " + says + "; right: " + d.right + ", " + d.why
}

func disagreements() []disagreement {
	return []disagreement{
		// names
		{"first letter in upper case", "", "", "gate", "json.html: property names are case-sensitive"},
		{"element twice", "", "", "gate", "json.html: property names SHALL be unique in an object"},
		{"companion no object", "", "", "gate", "json.html#primitive: the '_' property is an object"},
		{"object for primitive", "", "", "gate", "json.html#primitive: id and extension belong into the '_' property"},
		{"extension on the id of an element", "", "", "gate", "element.html: id and url are System.String, not FHIR primitives"},
		{"malformed JSON", "", "", "gate", "RFC 8259: half of a surrogate pair is no character"},
		// nothing
		{"null", "", "", "gate", "json.html#null: no null but in arrays of primitives"},
		{"null in array", "", "", "gate", "json.html#null"},
		{"null in array of primitives", "", "", "gate", "json.html#primitive: null stands for a half that is missing, and no half is there"},
		{"two halves of null", "", "", "gate", "json.html#primitive: an element needs a value or children (ele-1)"},
		{"id in an array of primitives", "", "expected ", "gate", "json.html#primitive: null in the value's place; google/fhir knows it for strings only"},
		{"empty string", "", "", "gate", "json.html: strings are never empty"},
		{"empty array", "", "", "gate", "json.html: arrays are never empty"},
		{"empty object", "", "", "gate", "json.html: objects are never empty"},
		// codes
		{"code in another case", "", "", "gate", "datatypes.html#code: codes are case-sensitive unless their system says otherwise; those of FHIR do not"},
		{"code not in the required value set", "", "", "gate", "google/fhir has no enum for currencies and the other large sets"},
		{"concept not in the required value set", "", "", "gate", "terminologies.html#required; google/fhir has enums for codes only"},
		{"language no tag", "", "", "gate", "the maximum value set of languages is all-languages, BCP 47"},
		// references
		{"reference to no type", "", "", "gate", "references.html#literal: the segment before the id is a resource type"},
		{"reference to nothing contained", "", "", "gate", "references.html#contained: a fragment SHALL resolve within the resource"},
		{"absolute reference to a wrong type", "", "", "gate", "references.html#literal: a URL of the RESTful form tells the type"},
		{"reference to a wrong type", "contained", "", "gate", "google/fhir does not validate contained resources"},
		// contained
		{"required element dropped", "contained", "", "gate", "google/fhir does not validate contained resources"},
		{"copied into contained with its own", "", "", "gate", "references.html#contained: contained resources SHALL NOT contain others"},
		// narrative
		{"narrative unsafe", "", "", "gate", "narrative.html#xhtml, txt-1; google/fhir does not look into it"},
		// formats
		{"wrong value", "string", "", "gate", "datatypes.html#string; google/fhir does not validate contained resources"},
		{"wrong value", "code", "", "gate", "datatypes.html#code; google/fhir checks neither bound codes nor contained resources"},
		{"wrong value", "contained id", "", "gate", "google/fhir does not validate contained resources"},
		{"wrong value", "uri", "", "gate", "datatypes.html#uri: no white space"},
		{"wrong value", "url", "", "gate", "as above"},
		{"wrong value", "canonical", "", "gate", "as above"},
		{"wrong value", "markdown", "", "gate", "datatypes.html#markdown is a string: no control characters"},
		{"wrong value", "date \"0000\"", "", "gate", "datatypes.html#date: there is no year 0"},
		{"wrong value", "dateTime \"0000\"", "", "gate", "as above"},
		{"unusual value", "uri \"%zz", "invalid uri", "google/fhir", "RFC 3986 has no such escape; the gate keeps to the format of datatypes.html#uri, \\S*"},
		{"unusual value", "uri \"http://[x", "invalid uri", "google/fhir", "as above"},
		{"unusual value", "url", "invalid url", "google/fhir", "as above"},
		{"unusual value", "canonical", "invalid canonical", "google/fhir", "as above"},
		{"unusual value", "dateTime \"2016-12-31T23:59:60Z\"", "expected datetime", "gate", "datatypes.html#dateTime: leap seconds are allowed"},
		{"unusual value", "instant \"2016-12-31T23:59:60Z\"", "expected instant", "gate", "as above"},
		{"unusual value", "time \"23:59:60\"", "invalid time", "gate", "datatypes.html#time: as above"},
		{"unusual value", "base64Binary", "expected binary data", "gate", "datatypes.html#base64Binary: white space anywhere"},
		{"value replaced by an extension", "", "invalid ", "gate", "json.html#primitive: google/fhir checks the format of a value that is not there"},
	}
}
