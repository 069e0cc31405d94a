package smart

import (
	"strings"
	"time"

	"andiron.dev/fhir"
)

// directive is a privacy Consent in force, taken apart (http://hl7.org/fhir/R4/consent.html).
type directive struct {
	patient string
	root    provision
}

// provision is a rule with its exceptions. Lists that are empty ask for nothing; of others one has to fit.
type provision struct {
	rule       rule
	start, end time.Time // when it holds; zero = open
	actors     []actor
	actions    []string // codes of consentaction
	purposes   []string // codes of v3-ActReason
	labels     []string // "system|code"
	types      []string // resource types, of class
	classes    bool     // class names something that is no resource type
	codes      []string // "system|code"
	from, to   string   // dataPeriod, as dates
	data       []string // "Observation/1"
	exceptions []provision
}

// rule is what a provision says about what it fits.
type rule uint8

const (
	silent rule = iota
	permit
	deny
)

// actor is whom a provision is about.
type actor struct {
	reference  string // "Practitioner/1"
	identifier string // value of an identifier: a client is named by its id
	role       string // code of a role
}

// readDirective takes a Consent apart. nil for one that is not in force, is not about privacy, or forbids nothing: what nobody
// forbids is for roles and scopes to say.
func readDirective(r *fhir.Resource) *directive {
	root := r.Root()
	ref := fhir.ParseReference(root.Get("patient").Get("reference").Text())
	if root.Get("status").Text() != "active" || ref.Type != "Patient" || ref.ID == "" || !isPrivacy(root.Get("scope")) {
		return nil
	}
	d := &directive{patient: ref.ID, root: readProvision(root.Get("provision"))}
	for coding := range root.Get("policyRule").Each("coding") {
		if code := coding.Get("code").Text(); d.root.rule == silent && (code == "OPTOUT" || code == "OPTOUTE") {
			// Opting out is about handing records on; whoever treats the patient here goes on doing so.
			d.root.rule = deny
			if len(d.root.actions) == 0 {
				d.root.actions = []string{"disclose"}
			}
		}
	}
	if !d.root.denies() {
		return nil
	}
	return d
}

func isPrivacy(scope fhir.Element) bool {
	for coding := range scope.Each("coding") {
		if coding.Get("code").Text() == "patient-privacy" {
			return true
		}
	}
	return false
}

func readProvision(e fhir.Element) provision {
	p := provision{
		actions: codesOf(e, "action"), codes: tokensOf(e, "code"),
		from: e.Get("dataPeriod").Get("start").Text(), to: e.Get("dataPeriod").Get("end").Text(),
	}
	switch e.Get("type").Text() {
	case "permit":
		p.rule = permit
	case "deny":
		p.rule = deny
	}
	if t, ok := fhir.ParseTemporal(e.Get("period").Get("start").Text(), time.UTC); ok {
		p.start = t.Low
	}
	if t, ok := fhir.ParseTemporal(e.Get("period").Get("end").Text(), time.UTC); ok {
		p.end = t.High
	}
	for a := range e.Each("actor") {
		who := actor{reference: a.Get("reference").Get("reference").Text(), identifier: a.Get("reference").Get("identifier").Get("value").Text()}
		if ref := fhir.ParseReference(who.reference); ref.ID != "" && ref.Base == "" {
			who.reference = ref.Relative()
		}
		for coding := range a.Get("role").Each("coding") {
			who.role = coding.Get("code").Text()
		}
		p.actors = append(p.actors, who)
	}
	for c := range e.Each("purpose") {
		p.purposes = append(p.purposes, c.Get("code").Text())
	}
	for c := range e.Each("securityLabel") {
		p.labels = append(p.labels, c.Get("system").Text()+"|"+c.Get("code").Text())
	}
	for c := range e.Each("class") {
		if system := c.Get("system").Text(); strings.HasSuffix(system, "/resource-types") || system == "" {
			p.types = append(p.types, c.Get("code").Text())
		} else {
			p.classes = true
		}
	}
	for d := range e.Each("data") {
		if ref := fhir.ParseReference(d.Get("reference").Get("reference").Text()); ref.ID != "" {
			p.data = append(p.data, ref.Relative())
		}
	}
	for inner := range e.Each("provision") {
		p.exceptions = append(p.exceptions, readProvision(inner))
	}
	return p
}

func codesOf(e fhir.Element, name string) (codes []string) {
	for concept := range e.Each(name) {
		for coding := range concept.Each("coding") {
			codes = append(codes, coding.Get("code").Text())
		}
	}
	return codes
}

func tokensOf(e fhir.Element, name string) (tokens []string) {
	for concept := range e.Each(name) {
		for coding := range concept.Each("coding") {
			tokens = append(tokens, coding.Get("system").Text()+"|"+coding.Get("code").Text())
		}
	}
	return tokens
}

// denies reports whether a provision or any of its exceptions forbids anything.
func (p *provision) denies() bool {
	if p.rule == deny {
		return true
	}
	for i := range p.exceptions {
		if p.exceptions[i].denies() {
			return true
		}
	}
	return false
}
