package r4_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"strings"
	"testing"

	"andiron.dev/fhir/r4"
)

// HL7's own examples are an independent account of what R4 allows: whatever they hold, the tables must know.
func TestExamplesOfTheSpecification(t *testing.T) {
	const name = "../../../shared/data/r4-examples/r4-examples.tgz"
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("SKIPPED: " + name + " is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	w := &walker{t: t, spec: decoded(t)}
	for archive := tar.NewReader(z); ; {
		entry, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if path.Ext(entry.Name) != ".json" {
			continue
		}
		raw, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		w.at = path.Base(entry.Name)
		w.value(w.spec.Type("Resource"), raw)
		w.resources++
	}
	if w.resources < 700 || w.properties < 50000 || w.codes < 5000 {
		t.Errorf("only %d resources, %d properties, %d codes", w.resources, w.properties, w.codes)
	}
	t.Logf("%d resources, %d properties, %d codes", w.resources, w.properties, w.codes)
}

// A walker follows JSON along the tables.
type walker struct {
	t                            *testing.T
	spec                         *r4.Spec
	at                           string
	resources, properties, codes int
}

func (w *walker) value(typ *r4.Type, raw json.RawMessage) {
	if raw = bytes.TrimSpace(raw); raw[0] != '{' {
		if typ.Kind != r4.Primitive {
			w.t.Errorf("%s: %s is %.40s", w.at, typ.Name, raw)
		}
		return
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(raw, &object); err != nil {
		w.t.Errorf("%s: %v", w.at, err)
		return
	}
	if typ.Is("Resource") {
		var name string
		if err := json.Unmarshal(object["resourceType"], &name); err != nil || !w.spec.IsResource(name) {
			w.t.Errorf("%s: resourceType %s", w.at, object["resourceType"])
			return
		}
		typ = w.spec.Type(name)
		delete(object, "resourceType")
	}
	for name, raw := range object {
		w.property(typ, name, raw)
	}
}

func (w *walker) property(typ *r4.Type, name string, raw json.RawMessage) {
	w.properties++
	p, ok := typ.Property(strings.TrimPrefix(name, "_"))
	if !ok {
		w.t.Errorf("%s: %s has no property %s", w.at, typ.Name, name)
		return
	}
	items := []json.RawMessage{raw}
	if isArray := bytes.TrimSpace(raw)[0] == '['; isArray != (p.Element.Max == r4.Unbounded) {
		w.t.Errorf("%s: %s.%s is %.40s", w.at, typ.Name, name, raw)
		return
	} else if isArray {
		if err := json.Unmarshal(raw, &items); err != nil {
			w.t.Errorf("%s: %v", w.at, err)
			return
		}
	}
	for _, item := range items {
		if b := p.Element.Binding; b != nil && b.ValueSet != nil && p.Ref.Type.Name == "code" && item[0] == '"' {
			w.codes++
			if code := strings.Trim(string(item), `"`); !b.ValueSet.Codes[code] {
				w.t.Errorf("%s: %s.%s: %s is not in %s", w.at, typ.Name, name, code, b.URL)
			}
		}
		if string(item) != "null" {
			w.value(p.Ref.Type, item)
		}
	}
}
