package main

import (
	"fmt"
	"slices"
	"strings"
)

// row spells the element at i: name, cardinality, flags, types, binding.
func (s *structures) row(sd *structureDefinition, i int) ([]string, error) {
	e := sd.Snapshot.Element[i]
	types, err := s.types(sd, i)
	if err != nil {
		return nil, err
	}
	flags := ""
	if e.IsSummary {
		flags += "S"
	}
	if e.IsModifier {
		flags += "M"
	}
	if slices.Contains(e.Representation, "xmlAttr") {
		flags += "A"
	}
	bound := ""
	if e.Binding != nil && e.Binding.ValueSet != "" {
		bound = e.Binding.Strength + " " + unversioned(e.Binding.ValueSet)
	}
	name := e.Path[strings.LastIndexByte(e.Path, '.')+1:]
	return []string{name, fmt.Sprintf("%d..%s", e.Min, e.Max), flags, strings.Join(types, " "), bound}, nil
}

// types spells the types of an element: "Quantity:SimpleQuantity", "Reference(Patient|Group)", "Patient.contact".
func (s *structures) types(sd *structureDefinition, i int) ([]string, error) {
	e := sd.Snapshot.Element[i]
	if e.ContentReference != "" {
		target := strings.TrimPrefix(e.ContentReference, "#")
		at := slices.IndexFunc(sd.Snapshot.Element, func(x elementDefinition) bool { return x.Path == target })
		if at < 0 || !sd.hasChildren(at) {
			return nil, fmt.Errorf("contentReference %s leads to no backbone element", e.ContentReference)
		}
		return []string{target}, nil
	}
	if sd.hasChildren(i) {
		return []string{e.Path}, nil
	}
	if len(e.Type) == 0 {
		return nil, fmt.Errorf("has no type")
	}
	if len(e.Type) > 1 != strings.HasSuffix(e.Path, "[x]") {
		return nil, fmt.Errorf("has %d types", len(e.Type))
	}
	var spelled []string
	for _, t := range e.Type {
		name, err := s.typeName(sd, e.Path, t)
		if err != nil {
			return nil, err
		}
		spelled = append(spelled, name+profile(t)+targets(t.TargetProfile))
	}
	return spelled, nil
}

// typeName resolves FHIRPath's System types, which the snapshots give to what XML writes as an attribute, to the FHIR
// types that elements.html gives them. A primitive's value is the primitive itself.
func (s *structures) typeName(sd *structureDefinition, path string, t elementType) (string, error) {
	name := t.Code
	if strings.HasPrefix(name, "http://hl7.org/fhirpath/System.") {
		switch {
		case sd.Kind == "primitive-type" && strings.HasSuffix(path, ".value"):
			name = sd.Type
		case strings.HasSuffix(path, ".id"):
			name = "string"
			if sd.Kind == "resource" && strings.Count(path, ".") == 1 {
				name = "id" // the extension says string, resource.html#id says id
			}
		case len(t.Extension) == 1 && t.Extension[0].URL == fhirType:
			name = t.Extension[0].ValueURL
		}
	}
	if s.byName[name] == nil {
		return "", fmt.Errorf("has the unknown type %s", t.Code)
	}
	return name, nil
}

// profile spells the profile that R4 itself lays on a type: SimpleQuantity, and nothing else in 4.0.1.
func profile(t elementType) string {
	if len(t.Profile) == 0 {
		return ""
	}
	return ":" + strings.TrimPrefix(t.Profile[0], structureBase)
}

// targets spells the resource types that a Reference or canonical may point to. Any resource is no restriction.
func targets(profiles []string) string {
	var names []string
	for _, p := range profiles {
		names = append(names, strings.TrimPrefix(p, structureBase))
	}
	if names == nil || slices.Contains(names, "Resource") {
		return ""
	}
	return "(" + strings.Join(names, "|") + ")"
}
