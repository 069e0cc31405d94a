package main

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

// The way from a snapshot to a Spec is long (strip, overlay, rows, inheritance, Decode): whatever a snapshot says of an
// element, the Spec must say in the end.
func TestSpecAgreesWithSnapshots(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	structures, err := decodeAll[structureDefinition](committed(t), "StructureDefinition")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	sizes := map[string]int{}
	for _, sd := range structures {
		for i, e := range sd.Snapshot.Element {
			if i == 0 {
				continue
			}
			dot := strings.LastIndexByte(e.Path, '.')
			owner, name := e.Path[:dot], strings.TrimSuffix(e.Path[dot+1:], "[x]")
			typ := spec.Type(owner)
			if typ == nil || typ.Element(name) == nil {
				t.Errorf("%s is missing", e.Path)
				continue
			}
			got := typ.Element(name)
			if got.Index != sizes[owner] {
				t.Errorf("%s is at %d, want %d", e.Path, got.Index, sizes[owner])
			}
			sizes[owner]++
			compared++
			compareElement(t, e, got)
			if e.ContentReference != "" && got.Types[0].Type != spec.Type(e.ContentReference[1:]) {
				t.Errorf("%s does not lead to %s", e.Path, e.ContentReference)
			}
		}
	}
	for owner, size := range sizes {
		if len(spec.Type(owner).Elements) != size {
			t.Errorf("%s has %d elements, want %d", owner, len(spec.Type(owner).Elements), size)
		}
	}
	if compared < 7000 || len(sizes) != len(spec.Types()) {
		t.Errorf("compared only %d elements of %d types of %d", compared, len(sizes), len(spec.Types()))
	}
}

func compareElement(t *testing.T, e elementDefinition, got *r4.Element) {
	most := fmt.Sprint(got.Max)
	if got.Max == r4.Unbounded {
		most = "*"
	}
	if got.Min != e.Min || most != e.Max || got.Summary != e.IsSummary || got.Modifier != e.IsModifier ||
		got.Choice != strings.HasSuffix(e.Path, "[x]") || got.XMLAttr != (e.Representation != nil && e.Representation[0] == "xmlAttr") {
		t.Errorf("%s: %+v", e.Path, got)
	}
	if bound := e.Binding != nil && e.Binding.ValueSet != ""; bound != (got.Binding != nil) ||
		bound && (string(got.Binding.Strength) != e.Binding.Strength || got.Binding.URL != unversioned(e.Binding.ValueSet)) {
		t.Errorf("%s: binding %+v", e.Path, got.Binding)
	}
	if e.ContentReference == "" && len(got.Types) != len(e.Type) {
		t.Errorf("%s: %d types, want %d", e.Path, len(got.Types), len(e.Type))
		return
	}
	for i, want := range e.Type {
		ref := got.Types[i]
		system := strings.Contains(want.Code, "/fhirpath/")
		switch {
		case system && ref.Type.Kind != r4.Primitive,
			!system && !ref.Type.Is(want.Code),
			ref.Profile != "" != (want.Profile != nil):
			t.Errorf("%s: type %s, want %s", e.Path, ref.Type.Name, want.Code)
		}
		if spelled := "(" + strings.Join(ref.Targets, "|") + ")"; ref.Targets != nil && spelled != targets(want.TargetProfile) || ref.Targets == nil && targets(want.TargetProfile) != "" {
			t.Errorf("%s: targets %s, want %s", e.Path, spelled, targets(want.TargetProfile))
		}
	}
}
