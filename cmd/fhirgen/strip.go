package main

import (
	"encoding/json"
	"slices"
	"strings"
)

const structureBase = "http://hl7.org/fhir/StructureDefinition/"

// fhirType is the extension that names the FHIR type where an element's type is one of FHIRPath's System types.
const fhirType = structureBase + "structuredefinition-fhir-type"

// strip reduces a resource to what the generator reads. It reports false for what is no part of the specification's
// data: profiles, logical models, and everything that is not a definition.
func strip(raw []byte) (key, json.RawMessage, bool, error) {
	var head struct {
		ResourceType, URL, Kind, Derivation string
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return key{}, nil, false, err
	}
	var def any
	switch head.ResourceType {
	case "StructureDefinition":
		if head.Derivation == "constraint" || head.Kind == "logical" {
			return key{}, nil, false, nil
		}
		def = new(structureDefinition)
	case "SearchParameter":
		def = new(searchParameter)
	case "CompartmentDefinition":
		def = new(compartmentDefinition)
	case "OperationDefinition":
		def = new(operationDefinition)
	case "CodeSystem":
		def = new(codeSystem)
	case "ValueSet":
		def = new(valueSet)
	default:
		return key{}, nil, false, nil
	}
	if err := json.Unmarshal(raw, def); err != nil {
		return key{}, nil, false, err
	}
	if sd, ok := def.(*structureDefinition); ok {
		sd.strip()
	}
	stripped, err := marshal(def)
	return key{head.ResourceType, head.URL}, stripped, true, err
}

func (sd *structureDefinition) strip() {
	for i := range sd.Snapshot.Element {
		e := &sd.Snapshot.Element[i]
		// ele-1 and ext-1 are repeated on all 7,000 elements; the types Element and Extension state them once.
		e.Constraint = slices.DeleteFunc(e.Constraint, func(c constraint) bool {
			return c.Key == "ele-1" && e.Path != "Element" || c.Key == "ext-1" && e.Path != "Extension"
		})
		for j := range e.Type {
			e.Type[j].Extension = slices.DeleteFunc(e.Type[j].Extension, func(x typeExtension) bool {
				return x.URL != fhirType
			})
		}
	}
}

// marshal writes JSON that people can read in a diff: no HTML escapes in "a < b".
func marshal(v any) (json.RawMessage, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return json.RawMessage(strings.TrimSuffix(b.String(), "\n")), nil
}
