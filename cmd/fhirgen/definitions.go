package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"slices"
	"strings"
)

// key names a definition: a canonical URL is unique among the resources of a type.
type key struct{ resourceType, url string }

func (k key) String() string { return k.resourceType + " " + k.url }

// definitions are stripped definitions, each as its JSON in one line.
type definitions map[key]json.RawMessage

// sorted gives the definitions in the order in which files list them.
func (d definitions) sorted() iter.Seq2[key, json.RawMessage] {
	keys := slices.SortedFunc(maps.Keys(d), compareKeys)
	return func(yield func(key, json.RawMessage) bool) {
		for _, k := range keys {
			if !yield(k, d[k]) {
				return
			}
		}
	}
}

func compareKeys(a, b key) int {
	return cmp.Or(cmp.Compare(a.resourceType, b.resourceType), cmp.Compare(a.url, b.url))
}

// add parses a line of a definitions file. Two definitions of one URL are an error: which one counts would be luck.
func (d definitions) add(line []byte) error {
	var head struct{ ResourceType, URL string }
	if err := json.Unmarshal(line, &head); err != nil {
		return err
	}
	k := key{head.ResourceType, head.URL}
	if _, twice := d[k]; twice {
		return fmt.Errorf("%v is defined twice", k)
	}
	d[k] = bytes.Clone(line)
	return nil
}

// decodeAll decodes every definition of a resource type, in the order of their URLs.
func decodeAll[T any](d definitions, resourceType string) ([]T, error) {
	var all []T
	for k, raw := range d.sorted() {
		if k.resourceType != resourceType {
			continue
		}
		var one T
		if err := json.Unmarshal(raw, &one); err != nil {
			return nil, fmt.Errorf("%v: %w", k, err)
		}
		all = append(all, one)
	}
	return all, nil
}

// isExample tells HL7's examples of conformance resources from the specification. They stand beside it in the official
// package under the same base URL; taken at its word, SearchParameter/example-reference would redefine Condition?subject.
func isExample(url string) bool {
	return strings.HasPrefix(url[strings.LastIndexByte(url, '/')+1:], "example")
}

// readLines calls f with each line of a file, unpacking .gz.
func readLines(name string, f func(line []byte) error) (err error) {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		if r, err = gzip.NewReader(file); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for n := 1; lines.Scan(); n++ {
		if len(lines.Bytes()) == 0 {
			continue
		}
		if err := f(lines.Bytes()); err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	return lines.Err()
}

// pack renders the definitions as gzip'ed NDJSON without name and time, so that equal definitions are equal bytes.
func (d definitions) pack() ([]byte, error) {
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	for _, raw := range d.sorted() {
		if _, err := z.Write(append(raw[:len(raw):len(raw)], '\n')); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
