package fhir

import (
	"strings"
	"sync"
	"time"
	"unsafe"
)

// Resource is an immutable R4 resource: canonical JSON text, parsed only when somebody looks inside.
// A read goes from the store to the socket without the text ever being decoded.
//
// The text holds everything but meta.versionId and meta.lastUpdated, which belong to a stored version; AppendJSON puts
// them in their place.
type Resource struct {
	typ, id string
	body    string
	version string
	updated time.Time

	parse sync.Once
	root  Element
}

// LastUpdatedFormat is how meta.lastUpdated is written: UTC, to the millisecond.
const LastUpdatedFormat = "2006-01-02T15:04:05.000Z"

// newResource takes ownership of body: nobody may write to it afterwards.
func newResource(typ, id string, body []byte) *Resource {
	return &Resource{typ: typ, id: id, body: unsafe.String(unsafe.SliceData(body), len(body))}
}

// FromWriter makes a resource of what w holds, which must begin with resourceType and, where there is one, id. w must not be
// used afterwards.
func FromWriter(typ, id string, w *Writer) *Resource { return newResource(typ, id, w.Take()) }

// ParseResource reads a resource from JSON text. Errors are those of Parse, and Structure for a text that is no
// resource at all. Whether the content is valid R4 is for the write gate to say.
func ParseResource(data string, limits Limits) (*Resource, error) {
	root, err := Parse(data, limits)
	if err != nil {
		return nil, err
	}
	return NewResource(root)
}

// NewResource makes a resource of a parsed object, keeping its id.
func NewResource(root Element) (*Resource, error) {
	typ, err := TypeOf(root)
	if err != nil {
		return nil, err
	}
	id := root.Get("id")
	// Canonical text writes the id anew, so what is no string has to be refused here, or the gate would never see it.
	if value := id.Kind() != Absent; value && (id.Kind() != String || !ValidID(id.Text())) {
		return nil, NewOutcome(Value, "the id must be a JSON string of 1 to 64 letters, digits, '-' and '.'", root.Path()+".id")
	}
	return Render(root, typ, id.Text(), nil), nil
}

// TypeOf is the resourceType of an object. Its error is Structure with the element's path.
func TypeOf(root Element) (string, error) {
	if root.Kind() != Object {
		return "", NewOutcome(Structure, "a resource must be a JSON object", pathOrRoot(root))
	}
	typ := root.Get("resourceType")
	if typ.Kind() != String || !validTypeName(typ.Text()) {
		return "", NewOutcome(Structure, "the property resourceType is missing or is not the name of a resource type", pathOrRoot(root))
	}
	return typ.Text(), nil
}

func pathOrRoot(e Element) string {
	if p := e.Path(); p != "" {
		return p
	}
	return "Resource"
}

func validTypeName(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// Render makes a resource of a parsed object with the given type and id ("" for none), replacing string values on the way.
func Render(root Element, typ, id string, replace Replace) *Resource {
	size := len(root.Raw()) + len(id) + 16
	return newResource(typ, id, root.appendCanonical(make([]byte, 0, size), typ, id, replace))
}

// Stored makes a resource of what a store has kept: body is what Body gave when it was written.
func Stored(typ, id, version string, updated time.Time, body string) *Resource {
	return &Resource{typ: typ, id: id, version: version, updated: updated, body: body}
}

// Type is the resourceType.
func (r *Resource) Type() string { return r.typ }

// ID is the logical id; "" for a resource that has none yet.
func (r *Resource) ID() string { return r.id }

// VersionID is meta.versionId; "" for a resource that is not stored.
func (r *Resource) VersionID() string { return r.version }

// LastUpdated is meta.lastUpdated; zero for a resource that is not stored.
func (r *Resource) LastUpdated() time.Time { return r.updated }

// Body is the canonical text without version and time: what a store keeps.
func (r *Resource) Body() string { return r.body }

// Reference is the relative reference to the resource: "Patient/1".
func (r *Resource) Reference() string { return r.typ + "/" + r.id }

// Root is the resource as an element tree, version and time included.
func (r *Resource) Root() Element {
	r.parse.Do(func() {
		text := r.body
		if r.version != "" {
			text = string(r.AppendJSON(nil))
		}
		// The text came out of appendCanonical; mistakes that Parse collects do not keep it from being walked.
		r.root, _ = Parse(text, Limits{})
	})
	return r.root
}

// head is the length of the part of the body that holds resourceType and id.
func (r *Resource) head() int {
	n := len(`{"resourceType":""`) + len(r.typ)
	if r.id != "" {
		n += len(`,"id":""`) + len(r.id)
	}
	return n
}

// AppendJSON appends the resource as JSON, with meta.versionId and meta.lastUpdated where it is stored.
func (r *Resource) AppendJSON(dst []byte) []byte {
	if r.version == "" {
		return append(dst, r.body...)
	}
	head := r.head()
	rest := r.body[head:]
	dst = append(dst, r.body[:head]...)
	dst = append(append(dst, `,"meta":{"versionId":"`...), r.version...)
	dst = append(dst, '"')
	if !r.updated.IsZero() { // it is not known before the commit
		dst = append(dst, `,"lastUpdated":"`...)
		dst = append(r.updated.UTC().AppendFormat(dst, LastUpdatedFormat), '"')
	}
	if meta, ok := strings.CutPrefix(rest, `,"meta":{`); ok {
		return append(append(dst, ','), meta...)
	}
	return append(append(dst, '}'), rest...)
}

// JSON is the resource as JSON text.
func (r *Resource) JSON() []byte { return r.AppendJSON(make([]byte, 0, len(r.body)+96)) }

// WithID returns the resource under another id.
func (r *Resource) WithID(id string) *Resource {
	if id == r.id {
		return r
	}
	c := &Resource{typ: r.typ, id: id, version: r.version, updated: r.updated}
	body := make([]byte, 0, len(r.body)+len(id)+len(`,"id":""`))
	body = append(append(body, r.body[:len(`{"resourceType":""`)+len(r.typ)]...), `,"id":"`...)
	c.body = string(append(append(append(body, id...), '"'), r.body[r.head():]...))
	return c
}

// Versioned is WithVersion for a resource that may not be stored: "" leaves it as it is.
func (r *Resource) Versioned(version string, updated time.Time) *Resource {
	if version == "" {
		return r
	}
	return r.WithVersion(version, updated)
}

// WithVersion returns the resource as the given version.
func (r *Resource) WithVersion(version string, updated time.Time) *Resource {
	return &Resource{typ: r.typ, id: r.id, body: r.body, version: version, updated: updated}
}

// Same reports whether two resources have the same content, versions and times aside.
func (r *Resource) Same(other *Resource) bool {
	if r.body == other.body {
		return true
	}
	if r.typ != other.typ || r.id != other.id {
		return false
	}
	return Equal(r.bodyRoot(), other.bodyRoot())
}

func (r *Resource) bodyRoot() Element {
	if r.version == "" {
		return r.Root()
	}
	root, _ := Parse(r.body, Limits{})
	return root
}
