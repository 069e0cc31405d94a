package proto

import (
	"reflect"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// mistake is google/fhir's jsonpbhelper.UnmarshalError. The type is internal there, so it is read by reflection.
type mistake struct {
	path        string // "Bundle.entry[0].resource.Patient.name"
	details     string // never holds data of the sender
	diagnostics string // may hold it
}

// mistakes takes an error of google/fhir apart, nil for one that is not about the input.
func mistakes(err error) []mistake {
	v := reflect.ValueOf(err)
	if v.Kind() == reflect.Slice { // UnmarshalErrorList
		var all []mistake
		for i := range v.Len() {
			if one, ok := v.Index(i).Interface().(error); ok {
				all = append(all, mistakes(one)...)
			}
		}
		return all
	}
	if v.Kind() != reflect.Pointer || v.Elem().Kind() != reflect.Struct {
		return nil
	}
	text := func(name string) string {
		if f := v.Elem().FieldByName(name); f.IsValid() && f.Kind() == reflect.String {
			return f.String()
		}
		return ""
	}
	m := mistake{text("Path"), text("Details"), text("Diagnostics")}
	if m.details == "" {
		return nil
	}
	return []mistake{m}
}

// outcome turns an error of google/fhir into ours.
func outcome(err error) *fhir.Outcome {
	all := mistakes(err)
	if len(all) == 0 {
		return fhir.Internal(err)
	}
	o := &fhir.Outcome{}
	for _, m := range all {
		o.Issues = append(o.Issues, m.issue())
	}
	return o
}

// issue leaves the diagnostics out, but for the one that is a property name.
func (m mistake) issue() fhir.Issue {
	i := fhir.Issue{Severity: fhir.Error, Code: m.code(), Text: m.details}
	path := elementPath(m.path)
	if name, err := strconv.Unquote(m.diagnostics); err == nil && m.details == "unknown field" {
		path += "." + strings.TrimPrefix(name, "_")
	}
	if path != "" {
		i.Expression = []string{path}
	}
	return i
}

func (m mistake) code() fhir.IssueType {
	switch {
	case strings.HasPrefix(m.details, "missing required field"):
		return fhir.Required
	case m.details == "code type mismatch":
		return fhir.CodeInvalid
	case strings.HasPrefix(m.details, "unknown "), strings.HasPrefix(m.details, "array length"), strings.HasPrefix(m.details, "cannot accept"),
		m.details == "invalid JSON", m.details == "expected array", m.details == "invalid field", m.details == "invalid extension field":
		return fhir.Structure
	}
	return fhir.Value
}

// elementPath leaves out the type names that google/fhir puts below an element that holds a resource.
func elementPath(path string) string {
	steps := strings.Split(path, ".")
	kept := steps[:0]
	for i, step := range steps {
		if i > 0 && holdsResource(kept[len(kept)-1]) && resourceMessage(strings.ToUpper(step[:min(1, len(step))])+step[min(1, len(step)):]) != nil {
			continue
		}
		kept = append(kept, step)
	}
	return strings.Join(kept, ".")
}

func holdsResource(step string) bool {
	name, _, _ := strings.Cut(step, "[")
	return name == "resource" || name == "contained" || name == "outcome"
}
