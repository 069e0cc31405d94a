package answer

import "bytes"

// Resource is what the checks look at in a resource. Its slices point into the answer.
type Resource struct {
	Type      []byte
	ID        []byte
	Version   []byte   // meta.versionId
	Names     [][]byte // every string of every HumanName of a Patient: family, given, prefix, suffix, text
	BirthDate []byte
	Patient   []byte   // subject.reference or patient.reference
	Issue     []byte   // of an OperationOutcome: the first diagnostics or details.text
	values    [][]byte // identifier.value
}

// ReadResource reads one resource. The error is Wrong when the text is no JSON object.
func ReadResource(text []byte) (Resource, *Wrong) {
	c := cursor{text: text}
	var r Resource
	if c.next() != '{' {
		return r, &Wrong{Reason: "the answer is not a JSON object"}
	}
	r.read(&c)
	return r, malformed(c.end())
}

func malformed(err error) *Wrong {
	if err == nil {
		return nil
	}
	return &Wrong{Reason: "the answer is not JSON", Detail: err.Error()}
}

// Identified reports whether an identifier has this value.
func (r *Resource) Identified(value string) bool {
	for _, v := range r.values {
		if string(v) == value {
			return true
		}
	}
	return false
}

// Is checks that the resource is the one asked for.
func (r *Resource) Is(typ, id string) *Wrong {
	if string(r.Type) != typ || string(r.ID) != id {
		return &Wrong{"the answer is another resource than the one asked for",
			"asked for " + typ + "/" + id + ", got " + string(r.Type) + "/" + string(r.ID)}
	}
	return nil
}

func (r *Resource) read(c *cursor) {
	*r = Resource{Names: r.Names[:0], values: r.values[:0]}
	c.object(func(name []byte) {
		switch string(name) {
		case "resourceType":
			r.Type = c.str()
		case "id":
			r.ID = c.str()
		case "meta":
			c.object(func(name []byte) {
				if string(name) == "versionId" {
					r.Version = c.str()
				}
			})
		case "name":
			c.array(func() { r.humanName(c) })
		case "identifier":
			c.array(func() {
				c.object(func(name []byte) {
					if string(name) == "value" {
						r.values = append(r.values, c.str())
					}
				})
			})
		case "birthDate":
			r.BirthDate = c.str()
		case "subject", "patient":
			if reference := reference(c); reference != nil {
				r.Patient = reference
			}
		case "issue":
			c.array(func() { r.issue(c) })
		}
	})
}

func (r *Resource) humanName(c *cursor) {
	c.object(func(name []byte) {
		switch string(name) {
		case "family", "text":
			r.Names = append(r.Names, c.str())
		case "given", "prefix", "suffix":
			c.array(func() { r.Names = append(r.Names, c.str()) })
		}
	})
}

func (r *Resource) issue(c *cursor) {
	c.object(func(name []byte) {
		var text []byte
		switch string(name) {
		case "diagnostics":
			text = c.str()
		case "details":
			c.object(func(name []byte) {
				if string(name) == "text" {
					text = c.str()
				}
			})
		}
		if len(r.Issue) == 0 {
			r.Issue = text
		}
	})
}

func reference(c *cursor) (text []byte) {
	c.object(func(name []byte) {
		if string(name) == "reference" {
			text = c.str()
		}
	})
	return text
}

// RefersTo reports whether a literal reference, relative, absolute or to a version, names a resource.
func RefersTo(reference []byte, typ, id string) bool {
	if at := bytes.Index(reference, []byte("/_history/")); at >= 0 {
		reference = reference[:at]
	}
	rest, ok := bytes.CutSuffix(reference, []byte(id))
	if !ok {
		return false
	}
	rest, ok = bytes.CutSuffix(rest, []byte(typ+"/"))
	return ok && (len(rest) == 0 || rest[len(rest)-1] == '/')
}
