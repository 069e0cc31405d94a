package gate

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// Value sets that no list can hold are told by their form.
const (
	mimeTypes = "http://hl7.org/fhir/ValueSet/mimetypes"
	// languages is preferred, but wherever R4 binds a code to it, its maximum is all-languages: any tag of BCP 47 and
	// nothing else (extension elementdefinition-maxValueSet).
	languages = "http://hl7.org/fhir/ValueSet/languages"
)

// code checks a code against its binding.
func (c *checker) code(e fhir.Element, b *r4.Binding) {
	switch {
	case b.URL == languages:
		if !isLanguage(e.Text()) {
			c.report(e, fhir.CodeInvalid, "this is not a language tag of BCP 47, such as en or de-CH")
		}
	case b.Strength != r4.RequiredBinding:
	case b.URL == mimeTypes:
		if !isMimeType(e.Text()) {
			c.report(e, fhir.CodeInvalid, "this is not a media type of BCP 13, such as text/plain")
		}
	case b.ValueSet != nil && !b.ValueSet.Codes[e.Text()]:
		c.report(e, fhir.CodeInvalid, "the code is not in the required value set "+b.URL+members(b.ValueSet))
	}
}

// concept checks a CodeableConcept against a required binding: one of its codings has to be in the value set
// (http://hl7.org/fhir/R4/terminologies.html#required). One that only says why there is none, by an extension, passes.
//
// R4 has no required binding on a Coding or Quantity; a test says so.
func (c *checker) concept(e fhir.Element, typ *r4.Type, b *r4.Binding) {
	if typ.Name != "CodeableConcept" || b.ValueSet == nil {
		return
	}
	codings := e.Get("coding")
	for coding := range codings.Items() {
		if inSet(coding, b.ValueSet) {
			return
		}
	}
	if codings.Exists() || e.Get("text").Exists() {
		text := "none of the codings is in the required value set " + b.URL + members(b.ValueSet)
		if b.ValueSet.System != "" {
			text += " of the system " + b.ValueSet.System
		}
		c.report(e, fhir.CodeInvalid, text)
	}
}

func inSet(coding fhir.Element, set *r4.ValueSet) bool {
	code := coding.Get("code").Text()
	return set.Codes[code] && coding.Get("system").Text() == set.SystemOf(code)
}

// members lists the codes of a small value set: they are what the sender has to choose from.
func members(set *r4.ValueSet) string {
	const few = 16
	if len(set.Codes) > few {
		return ""
	}
	codes := make([]string, 0, few)
	for code := range set.Codes {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return ", which has " + strings.Join(codes, ", ")
}

// isMimeType accepts type/subtype with parameters, "text/plain; charset=UTF-8", and the short forms that FHIR itself uses
// (http://hl7.org/fhir/R4/http.html#mime-type, and "none" in TestScript).
func isMimeType(s string) bool {
	switch s {
	case "json", "xml", "ttl", "none":
		return true
	}
	s, _, _ = strings.Cut(s, ";")
	typ, sub, ok := strings.Cut(s, "/")
	return ok && isToken(typ) && isToken(strings.TrimSpace(sub))
}

// isToken is RFC 7231's token.
func isToken(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`()<>@,;:\"/[]?={}`, s[i]) >= 0 {
			return false
		}
	}
	return s != ""
}

// isLanguage accepts the shape of a BCP 47 tag: "en", "de-CH", "zh-Hans-CN", "x-private".
func isLanguage(s string) bool {
	first, rest, more := strings.Cut(s, "-")
	switch {
	case first == "x" || first == "i": // private use and the old registrations, "i-klingon"
		if !more {
			return false
		}
	case len(first) < 2 || len(first) > 8 || !isAlphanumeric(first, false):
		return false
	}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, "-")
		if len(part) < 1 || len(part) > 8 || !isAlphanumeric(part, true) {
			return false
		}
	}
	return true
}

// isAlphanumeric accepts ASCII letters, and digits where they are wanted.
func isAlphanumeric(s string, digits bool) bool {
	for i := range len(s) {
		letter := s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z'
		digit := s[i] >= '0' && s[i] <= '9'
		if !letter && !(digit && digits) {
			return false
		}
	}
	return true
}
