package fhir

import "strings"

// ValidID reports whether s is a logical id (http://hl7.org/fhir/R4/datatypes.html#id).
func ValidID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.':
		default:
			return false
		}
	}
	return true
}

// Reference is what the text of Reference.reference says (http://hl7.org/fhir/R4/references.html#literal).
// Exactly one of the forms applies: Fragment, Query, or the rest.
type Reference struct {
	Base     string // "http://server/fhir" of an absolute URL; "" when relative
	Type, ID string // of a literal reference; "" where the URL does not have that shape
	Version  string // of a version-specific reference
	Fragment string // "#p1": without '#'; "#" alone, the container, gives "#"
	Query    string // of a conditional reference, "identifier=…" (Type is set)
	URL      string // the text itself
}

// ParseReference takes a reference apart. It never fails: what it does not know is a URL and nothing more.
func ParseReference(text string) Reference {
	ref := Reference{URL: text}
	if fragment, ok := strings.CutPrefix(text, "#"); ok {
		if fragment == "" {
			fragment = "#"
		}
		ref.Fragment = fragment
		return ref
	}
	if strings.HasPrefix(text, "urn:") {
		return ref
	}
	if typ, query, ok := strings.Cut(text, "?"); ok {
		if validTypeName(typ) {
			ref.Type, ref.Query = typ, query
		}
		return ref
	}
	rest := text
	if path, version, ok := strings.Cut(text, "/_history/"); ok && ValidID(version) {
		rest, ref.Version = path, version
	}
	slash := strings.LastIndexByte(rest, '/')
	if slash < 0 || !ValidID(rest[slash+1:]) {
		return Reference{URL: text}
	}
	typ := rest[:slash]
	if base := strings.LastIndexByte(typ, '/'); base >= 0 {
		ref.Base, typ = typ[:base], typ[base+1:]
		if !strings.HasPrefix(ref.Base, "http://") && !strings.HasPrefix(ref.Base, "https://") {
			return Reference{URL: text}
		}
	}
	if !validTypeName(typ) {
		return Reference{URL: text}
	}
	ref.Type, ref.ID = typ, rest[slash+1:]
	return ref
}

// Relative is the reference without base and version: "Patient/1"; "" when it names no resource.
func (r Reference) Relative() string {
	if r.ID == "" {
		return ""
	}
	return r.Type + "/" + r.ID
}
