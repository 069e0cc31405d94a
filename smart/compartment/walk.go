package compartment

import (
	"strings"

	"andiron.dev/fhir"
)

// walk goes through the canonical text of a resource, which has no white space outside strings (fhir.Resource.Body).
type walk struct {
	*Patients
	text  string
	base  string
	found *IDs
}

// object looks into the object that begins at i and returns where it ends.
func (w *walk) object(i int, at *step) int {
	for i++; i < len(w.text) && w.text[i] != '}'; {
		end := w.str(i)
		name := w.text[i+1 : end-1]
		i = end + 1 // behind the colon
		i = w.value(i, at.to(name))
		if i < len(w.text) && w.text[i] == ',' {
			i++
		}
	}
	return i + 1
}

func (s *step) to(name string) *step {
	for _, next := range s.next {
		if next.name == name {
			return next
		}
	}
	return nil
}

// value looks at a value if it leads anywhere.
func (w *walk) value(i int, at *step) int {
	if at == nil || i >= len(w.text) {
		return w.skip(i)
	}
	switch w.text[i] {
	case '[':
		for i++; i < len(w.text) && w.text[i] != ']'; {
			i = w.value(i, at)
			if i < len(w.text) && w.text[i] == ',' {
				i++
			}
		}
		return i + 1
	case '{':
		if at.resource {
			return w.resource(i)
		}
		return w.object(i, at)
	case '"':
		if at.refers {
			return w.reference(i)
		}
	}
	return w.skip(i)
}

// reference reads the text of a reference.
func (w *walk) reference(i int) int {
	end := w.str(i)
	text := w.text[i+1 : end-1]
	if strings.IndexByte(text, '\\') >= 0 {
		text = unescaped(text)
	}
	if id, ok := strings.CutPrefix(text, "Patient/"); ok && fhir.ValidID(id) { // nearly always
		w.found.Add(id)
	} else if ref := fhir.ParseReference(text); ref.Type == "Patient" && ref.ID != "" && (ref.Base == "" || ref.Base == w.base) {
		w.found.Add(ref.ID)
	}
	return end
}

func unescaped(text string) string {
	e, err := fhir.Parse(`"`+text+`"`, fhir.Limits{})
	if err != nil {
		return ""
	}
	return e.Text()
}

// resource looks into a resource within another.
func (w *walk) resource(i int) int {
	typ, id := "", ""
	for j := i + 1; j < len(w.text) && w.text[j] != '}'; {
		end := w.str(j)
		from, to := end+1, w.skip(end+1)
		switch w.text[j:end] {
		case `"resourceType"`:
			typ = strings.Trim(w.text[from:to], `"`)
		case `"id"`:
			id = strings.Trim(w.text[from:to], `"`)
		}
		if j = to; j < len(w.text) && w.text[j] == ',' {
			j++
		}
	}
	if typ == "Patient" {
		w.found.Add(id)
	} else if path := w.paths[typ]; path != nil {
		return w.object(i, path)
	}
	return w.skip(i)
}

// skip returns where the value that begins at i ends.
func (w *walk) skip(i int) int {
	depth := 0
	for i < len(w.text) {
		switch w.text[i] {
		case '"':
			if i = w.str(i); depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 { // behind a number or literal
				return i
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// str returns where the string that begins at i ends.
func (w *walk) str(i int) int {
	for i++; i < len(w.text); {
		next := strings.IndexByte(w.text[i:], '"')
		if next < 0 {
			return len(w.text)
		}
		i += next + 1
		back := i - 2
		for w.text[back] == '\\' {
			back--
		}
		if (i-2-back)%2 == 0 {
			return i
		}
	}
	return i
}
