package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func runGenerate(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(out)
	check := flags.Bool("check", false, "write nothing; fail where a file is not what the definitions give")
	dir := flags.String("definitions", repoPath("testdata/definitions"), "`DIR` to read")
	to := flags.String("out", repoPath("fhir/r4"), "`DIR` of the generated files")
	if err := flags.Parse(args); err != nil {
		return err
	}
	d, err := readDefinitions(*dir)
	if err != nil {
		return err
	}
	files, err := build(d)
	if err != nil {
		return err
	}
	if *check {
		return checkFiles(*to, files)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(*to, name), files[name], 0o644); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s: %d lines, %d bytes\n", name, bytes.Count(files[name], []byte("\n")), len(files[name])); err != nil {
			return err
		}
	}
	return nil
}

// checkFiles compares what is in dir with what should be and names the first line that differs of each file.
func checkFiles(dir string, files map[string][]byte) error {
	var stale []error
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			stale = append(stale, err)
		} else if err := firstDifference(have, files[name]); err != nil {
			stale = append(stale, fmt.Errorf("%s: %w", filepath.Join(dir, name), err))
		}
	}
	if stale == nil {
		return nil
	}
	return fmt.Errorf("%w\nthe generated data is not current: run `go run ./cmd/fhirgen generate` and look at the difference", errors.Join(stale...))
}

// firstDifference describes the first line in which two texts differ; nil where they are equal.
func firstDifference(have, want []byte) error {
	haveLines, wantLines := bytes.SplitAfter(have, []byte("\n")), bytes.SplitAfter(want, []byte("\n"))
	for i := range max(len(haveLines), len(wantLines)) {
		if h, w := line(haveLines, i), line(wantLines, i); !bytes.Equal(h, w) {
			return fmt.Errorf("line %d:\n  have %q\n  want %q", i+1, h, w)
		}
	}
	return nil
}

// line gives a line, or nothing after the end of the text.
func line(lines [][]byte, i int) []byte {
	if i < len(lines) {
		return lines[i]
	}
	return nil
}
