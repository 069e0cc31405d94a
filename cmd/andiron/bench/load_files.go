package bench

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// loadBundle is a transaction to send.
type loadBundle struct {
	file    string
	first   bool
	body    []byte
	types   []string // of the resource that each entry creates; "" where it does not simply create one
	creates int      // entries that do
}

// readBundles reads the transactions of a folder into memory: those that go first first, then by name.
func readBundles(ctx context.Context, dir string) ([]*loadBundle, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("the folder of Bundles cannot be read, name one with --data: %w", err)
	}
	var bundles []*loadBundle
	for _, f := range files {
		name := f.Name()
		if f.IsDir() || !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".json.gz") {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		body, err := readBundle(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("%s cannot be read: %w", name, err)
		}
		b := &loadBundle{file: name, body: body,
			first: strings.HasPrefix(name, "hospitalInformation") || strings.HasPrefix(name, "practitionerInformation")}
		if err := b.parse(); err != nil {
			return nil, fmt.Errorf("%s is no transaction Bundle: %w", name, err)
		}
		bundles = append(bundles, b)
	}
	if len(bundles) == 0 {
		return nil, fmt.Errorf("the folder %s has no Bundles (.json, .json.gz): name one with --data", dir)
	}
	slices.SortFunc(bundles, func(a, b *loadBundle) int {
		if a.first != b.first {
			if a.first {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.file, b.file)
	})
	return bundles, nil
}

func readBundle(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return io.ReadAll(f)
	}
	unzip, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unzip)
}

func (b *loadBundle) parse() error {
	var bundle struct {
		ResourceType, Type string
		Entry              []struct {
			Request struct{ Method, URL, IfNoneExist string }
		}
	}
	if err := json.Unmarshal(b.body, &bundle); err != nil {
		return err
	}
	if bundle.ResourceType != "Bundle" || bundle.Type != "transaction" {
		return fmt.Errorf("it is a %s of type %q", bundle.ResourceType, bundle.Type)
	}
	b.types = make([]string, len(bundle.Entry))
	for n, e := range bundle.Entry {
		if e.Request.Method == "POST" && e.Request.IfNoneExist == "" && isTypeName(e.Request.URL) {
			b.types[n] = e.Request.URL
			b.creates++
		}
	}
	return nil
}
