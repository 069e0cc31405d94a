package terminology

import (
	"andiron.dev/fhir"
)

// property gives what reads the values of a property that a filter names: one of the code itself, one that R4 gives to all code
// systems (http://hl7.org/fhir/concept-properties), or one that the code system declares. Values are compared as they are
// written.
func (s *codeSystem) property(name string) (func(*concept) []string, error) {
	_, declared := s.declared[name]
	switch meaning := s.meaning(name); meaning {
	case "concept", "code":
		if !declared {
			return func(c *concept) []string { return []string{c.code} }, nil
		}
	case "display", "definition":
		if !declared {
			return func(c *concept) []string { return texts(c.definition.Get(name).Text()) }, nil
		}
	case "parent", subsumedBy:
		return func(c *concept) []string { return codesOf(c.parents) }, nil
	case "child":
		return func(c *concept) []string { return codesOf(c.children) }, nil
	case "inactive", "notSelectable": // flags: not to be set is to be false
		return func(c *concept) []string {
			if values := s.values(c, meaning); len(values) > 0 {
				return values
			}
			return []string{"false"}
		}, nil
	case "deprecated":
		return func(c *concept) []string { return s.values(c, meaning) }, nil
	}
	if !declared {
		return nil, fhir.Errorf(fhir.NotSupported, "it filters the code system '%s' by a property that the code system does not declare", shown(s.url))
	}
	return func(c *concept) []string { return s.values(c, s.meaning(name)) }, nil
}

// values are those of a concept's properties with a meaning.
func (s *codeSystem) values(c *concept, meaning string) (list []string) {
	for p := range c.definition.Each("property") {
		if s.meaning(p.Get("code").Text()) != meaning {
			continue
		}
		text, qualified := propertyValue(p)
		list = append(list, text)
		if qualified != "" {
			list = append(list, qualified)
		}
	}
	return list
}

// inactive reports whether a code is not in use any more.
func (s *codeSystem) inactive(c *concept) bool {
	for _, value := range s.values(c, "inactive") {
		if value == "true" {
			return true
		}
	}
	for _, value := range s.values(c, "status") {
		if value == "retired" || value == "inactive" {
			return true
		}
	}
	return false
}

func texts(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func codesOf(concepts []*concept) []string {
	list := make([]string, len(concepts))
	for i, c := range concepts {
		list[i] = c.code
	}
	return list
}
