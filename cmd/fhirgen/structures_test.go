package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// thing is a StructureDefinition with one element, or more.
func thing(t *testing.T, d definitions, kind, base string, elements ...string) {
	t.Helper()
	raw := `{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/Thing","kind":"` + kind + `","type":"Thing","baseDefinition":"` + base +
		`","snapshot":{"element":[{"path":"Thing","min":0,"max":"*"},` + strings.Join(elements, ",") + `]}}`
	if !json.Valid([]byte(raw)) {
		t.Fatal(raw)
	}
	if err := d.add([]byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func TestStructuresFail(t *testing.T) {
	const part = `{"path":"Thing.part","min":0,"max":"*","type":[{"code":"Element"}]},{"path":"Thing.part.a","min":0,"max":"1","type":[{"code":"Element"}]}`
	for _, c := range []struct{ kind, base, elements, want string }{
		{"logical", "", part, `unknown kind "logical"`},
		{"complex-type", structureBase + "Nothing", part, "base definition"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a.b","type":[{"code":"Element"}]}`, "Thing.a.b comes before the element it is in"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a"}`, "Thing.a: has no type"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a","type":[{"code":"Nothing"}]}`, "Thing.a: has the unknown type Nothing"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a","type":[{"code":"http://hl7.org/fhirpath/System.Long"}]}`, "unknown type http://hl7.org/fhirpath/System.Long"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a","type":[{"code":"Element"},{"code":"Thing"}]}`, "Thing.a: has 2 types"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a","contentReference":"#Thing.b"}`, "contentReference #Thing.b leads to no backbone element"},
		{"complex-type", structureBase + "Element", `{"path":"Thing.a","contentReference":"#Thing.part"},` + part, ""},
	} {
		d := definitions{}
		if err := d.add([]byte(elementSD)); err != nil {
			t.Fatal(err)
		}
		thing(t, d, c.kind, c.base, c.elements)
		if _, err := newStructures(d); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %s: %v, want %q", c.kind, c.elements, err, c.want)
		}
	}
}

// A type lists what it changes of what it inherits, and what it adds.
func TestTypesTableListsDifferences(t *testing.T) {
	d := definitions{}
	for _, raw := range []string{
		`{"resourceType":"StructureDefinition","url":"u","kind":"complex-type","type":"Base","snapshot":{"element":[{"path":"Base"},{"path":"Base.same","max":"1","type":[{"code":"Base"}]},{"path":"Base.other","max":"*","type":[{"code":"Base"}]}]}}`,
		`{"resourceType":"StructureDefinition","url":"v","kind":"complex-type","type":"Above","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Base","snapshot":{"element":[{"path":"Above"},{"path":"Above.same","max":"1","type":[{"code":"Base"}]},{"path":"Above.other","max":"0","type":[{"code":"Base"}]},{"path":"Above.more[x]","min":1,"max":"1","isSummary":true,"type":[{"code":"Base"},{"code":"Above"}]}]}}`,
	} {
		if err := d.add([]byte(raw)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := newStructures(d)
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.typesTable()
	if err != nil {
		t.Fatal(err)
	}
	const want = "Base\tcomplex\n\tsame\t0..1\t\tBase\n\tother\t0..*\t\tBase\nAbove\tcomplex\tBase\n\tother\t0..0\t\tBase\n\tmore[x]\t1..1\tS\tBase Above\n"
	if !strings.HasSuffix(string(text), want) {
		t.Errorf("%s", text)
	}
}

func TestTableRefusesWhatItCannotHold(t *testing.T) {
	for _, fields := range [][]string{{"a", "b\tc"}, {"a\n"}, {""}, {"#a"}} {
		table := newTable("x")
		table.row(0, fields...)
		if _, err := table.bytes(); err == nil {
			t.Errorf("%q is written", fields)
		}
	}
}
