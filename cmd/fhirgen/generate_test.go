package main

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	definitionsDir = "../../testdata/definitions"
	generatedDir   = "../../fhir/r4"
)

func committed(t *testing.T) definitions {
	t.Helper()
	d, err := readDefinitions(definitionsDir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestGeneratedFilesAreCurrent(t *testing.T) {
	if err := run([]string{"generate", "--check", "--definitions", definitionsDir, "--out", generatedDir}, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestNoOtherGeneratedFiles(t *testing.T) {
	files, err := build(committed(t))
	if err != nil {
		t.Fatal(err)
	}
	present, err := filepath.Glob(filepath.Join(generatedDir, "*.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range present {
		present[i] = filepath.Base(present[i])
	}
	if want := slices.Sorted(maps.Keys(files)); !slices.Equal(present, want) {
		t.Errorf("fhir/r4 has %v, fhirgen writes %v", present, want)
	}
}

func TestGenerateIsDeterministic(t *testing.T) {
	var first map[string][]byte
	for range 3 {
		files, err := build(committed(t))
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = files
		}
		if !maps.EqualFunc(files, first, bytes.Equal) {
			t.Fatal("two runs differ")
		}
	}
}

func TestCheckNamesTheDifference(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	args := []string{"generate", "--definitions", definitionsDir, "--out", dir}
	if err := run(args, &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "types.tsv: ") {
		t.Errorf("prints %q", out.String())
	}
	types := filepath.Join(dir, "types.tsv")
	text, err := os.ReadFile(types)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("birthDate\t0..1"), []byte("birthDate\t1..1"), 1)
	if err := os.WriteFile(types, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "valuesets.tsv")); err != nil {
		t.Fatal(err)
	}
	err = run(append(args, "--check"), io.Discard)
	if err == nil {
		t.Fatal("a changed file passes")
	}
	for _, want := range []string{`types.tsv: line `, `have "\tbirthDate\t1..1`, `want "\tbirthDate\t0..1`, "valuesets.tsv: no such file", "go run ./cmd/fhirgen generate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage:"},
		{[]string{"regenerate"}, `unknown command "regenerate"`},
		{[]string{"extract"}, "extract needs --package and --official"},
		{[]string{"extract", "--package", "nowhere", "--official", "nowhere"}, "nowhere: no such file"},
		{[]string{"generate", "--definitions", "nowhere"}, "no such file"},
		{[]string{"generate", "--nonsense"}, "flag provided but not defined"},
	} {
		if err := run(c.args, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("fhirgen %v: %v, want %s", c.args, err, c.want)
		}
	}
	if err := run([]string{"help"}, io.Discard); err != nil {
		t.Error(err)
	}
}
