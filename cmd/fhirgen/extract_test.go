package main

import (
	"archive/tar"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	elementSD  = `{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/Element","kind":"complex-type","abstract":true,"type":"Element","snapshot":{"element":[{"path":"Element","min":0,"max":"*"}]}}`
	stringSD   = `{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/string","kind":"primitive-type","type":"string","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Element","derivation":"specialization","snapshot":{"element":[{"path":"string","min":0,"max":"*"},{"path":"string.value","min":0,"max":"MAX","type":[{"code":"http://hl7.org/fhirpath/System.String"}]}]}}`
	profile1   = `{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/p","kind":"complex-type","type":"string","derivation":"constraint"}`
	invented   = `{"resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/New","kind":"resource","type":"New","derivation":"specialization","snapshot":{"element":[{"path":"New","min":0,"max":"*"}]}}`
	unboundSet = `{"resourceType":"ValueSet","url":"http://hl7.org/fhir/ValueSet/unbound"}`
)

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeTgz(t *testing.T, name string, files map[string]string) {
	t.Helper()
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	archive := tar.NewWriter(z)
	for file, text := range files {
		if err := archive.WriteHeader(&tar.Header{Name: file, Mode: 0o600, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, text); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, name, packed.String())
}

func bundle(resources ...string) string {
	return `{"resourceType":"Bundle","entry":[{"resource":` + strings.Join(resources, `},{"resource":`) + `}]}`
}

// extract and generate together: what the npm package says wrongly comes out right.
func TestExtractRepairs(t *testing.T) {
	dir := t.TempDir()
	npm, official, inputs := filepath.Join(dir, "npm"), filepath.Join(dir, "official.tgz"), filepath.Join(dir, "inputs")
	write(t, filepath.Join(npm, "fhir", "profiles-types.json"), bundle(elementSD, strings.Replace(stringSD, "MAX", "9", 1), profile1, invented, unboundSet))
	write(t, filepath.Join(npm, "fhir", "profiles-theirs.json"), "no definitions of HL7's")
	writeTgz(t, official, map[string]string{
		"package/package.json":                       `{"name":"official"}`,
		"package/StructureDefinition-Element.json":   elementSD,
		"package/StructureDefinition-string.json":    strings.Replace(stringSD, "MAX", "1", 1),
		"package/StructureDefinition-p.json":         profile1,
		"package/SearchParameter-example.json":       `{"resourceType":"SearchParameter","url":"http://hl7.org/fhir/SearchParameter/example","code":"_id"}`,
		"package/other/StructureDefinition-big.txt":  "not JSON",
		"package/CapabilityStatement-something.json": `{"resourceType":"CapabilityStatement","url":"u"}`,
	})
	write(t, filepath.Join(inputs, supplementFile), "")
	for range 2 { // writing over its own output
		if err := run([]string{"extract", "--package", npm, "--official", official, "--definitions", inputs}, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	overlay, err := os.ReadFile(filepath.Join(inputs, overlayFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`{"op":"add","resourceType":"SearchParameter","url":"http://hl7.org/fhir/SearchParameter/example"`,
		`"url":"http://hl7.org/fhir/StructureDefinition/string","why":"the package changes string.value"`,
		`{"op":"remove","resourceType":"StructureDefinition","url":"http://hl7.org/fhir/StructureDefinition/New"`,
	} {
		if !strings.Contains(string(overlay), want) {
			t.Errorf("overlay lacks %s:\n%s", want, overlay)
		}
	}
	if n := strings.Count(string(overlay), "\n"); n != 3 {
		t.Errorf("%d repairs, want 3", n)
	}
	d, err := readDefinitions(inputs)
	if err != nil {
		t.Fatal(err)
	}
	files, err := build(d)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(files["types.tsv"]), "\nElement\tcomplex\t\tabstract\nstring\tprimitive\tElement\n\tvalue\t0..1\t\tstring\n") {
		t.Errorf("types.tsv:\n%s", files["types.tsv"])
	}
}

func TestReadPackageFails(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "twice", "profiles-types.json"), bundle(elementSD, elementSD))
	write(t, filepath.Join(dir, "broken", "profiles-types.json"), `{"resourceType":`)
	write(t, filepath.Join(dir, "other", "package.json"), `{}`)
	write(t, filepath.Join(dir, "plain.tgz"), "not gzip")
	writeTgz(t, filepath.Join(dir, "empty.tgz"), nil)
	for name, want := range map[string]string{
		"twice":     "Element is defined twice",
		"broken":    "profiles-types.json: unexpected end of JSON",
		"other":     "no definitions in it",
		"plain.tgz": "plain.tgz: ",
		"empty.tgz": "no definitions in it",
		"nowhere":   "nowhere: no such file",
	} {
		if _, err := readPackage(filepath.Join(dir, name), bundleOfPackage); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestPackIsReproducible(t *testing.T) {
	d := committed(t)
	first, err := d.pack()
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.pack()
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Error("two packs differ")
	}
	name := filepath.Join(t.TempDir(), "x.ndjson.gz")
	write(t, name, string(first))
	back := definitions{}
	if err := readLines(name, back.add); err != nil {
		t.Fatal(err)
	}
	if entries, err := compareOverlay(back, d); err != nil || entries != nil {
		t.Errorf("comes back different: %v, %v", entries, err)
	}
}
