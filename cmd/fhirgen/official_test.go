package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

const officialPackage = "../../../shared/data/r4-definitions/hl7.fhir.core-4.0.1.tgz"

// The claim of the overlay: with it, the npm package says what HL7's own package says, in all that is generated.
func TestOfficialPackageGivesTheSame(t *testing.T) {
	if _, err := os.Stat(officialPackage); errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIPPED: HL7's package is not at " + officialPackage)
	}
	official, err := readPackage(officialPackage, resourceOfOfficial)
	if err != nil {
		t.Fatal(err)
	}
	terms, err := boundTerminology(official)
	if err != nil {
		t.Fatal(err)
	}
	official.keepTerminology(terms)
	if err := readLines(filepath.Join(definitionsDir, supplementFile), official.add); err != nil {
		t.Fatal(err)
	}

	ours := committed(t)
	entries, err := compareOverlay(ours, official)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("definition to %s: %s %s: %s", e.Op, e.ResourceType, e.URL, e.Why)
	}
	files, err := build(official)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkFiles(generatedDir, files); err != nil {
		t.Error(err)
	}
	count := 0
	for k := range official {
		if k.resourceType == "SearchParameter" {
			count++
		}
	}
	if count != 1400 {
		t.Errorf("%d search parameters in HL7's package, want 1400", count)
	}
}

// Each repair is one that the package needs: nothing in the overlay states what the package says anyway.
func TestOverlayIsMinimal(t *testing.T) {
	pkg := definitions{}
	if err := readLines(filepath.Join(definitionsDir, packageFile), pkg.add); err != nil {
		t.Fatal(err)
	}
	supplement := definitions{}
	if err := readLines(filepath.Join(definitionsDir, supplementFile), supplement.add); err != nil {
		t.Fatal(err)
	}
	repaired := committed(t)
	for k := range supplement {
		delete(repaired, k)
	}
	entries, err := compareOverlay(pkg, repaired)
	if err != nil {
		t.Fatal(err)
	}
	want, err := packOverlay(entries)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile(filepath.Join(definitionsDir, overlayFile))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("overlay: %v", firstDifference(have, want))
	}
}
