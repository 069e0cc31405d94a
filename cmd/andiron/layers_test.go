package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// layers says what of the project each package may import, tests aside: the table of architecture in fhir/DESIGN.md. "*" is
// anything. A package that is missing here fails the test: decide where it stands first.
func layers() map[string][]string {
	core := []string{"fhir", "fhir/r4", "fhir/path", "search"}
	return map[string][]string{
		"fhir":                              {},
		"fhir/r4":                           {"fhir"},
		"fhir/path":                         {"fhir", "fhir/r4"},
		"fhir/event":                        core,
		"fhir/event/channel":                {"fhir", "fhir/event", "smart/outbound"},
		"fhir/event/eventtest":              {},
		"fhir/gate":                         {"fhir", "fhir/r4"},
		"fhir/patch":                        {"fhir"},
		"fhir/proto":                        {"fhir"},
		"fhir/rest":                         {"fhir"},
		"fhir/rules":                        {"fhir"},
		"fhir/idempotency":                  {"fhir", "fhir/rules"},
		"fhir/async":                        {"fhir", "fhir/rules", "fhir/idempotency"},
		"resources/money":                   {"fhir", "search/ucum"},
		"resources/number":                  {"fhir"},
		"fhir/terminology":                  core,
		"fhir/interaction":                  append(slices.Clone(core), "fhir/gate", "fhir/patch", "fhir/terminology"),
		"fhir/store/sqlite":                 core,
		"fhir/store/mongo":                  core,
		"fhir/store/mongo/replica":          {},
		"fhir/store/mongo/replica/with":     {"fhir/store/mongo/replica"},
		"fhir/store/mongo/ferretdb":         {"*"},
		"search":                            {"fhir", "fhir/r4", "fhir/path", "search/ucum"},
		"search/ucum":                       {},
		"search/searchtest":                 append(slices.Clone(core), "fhir/store/sqlite", "fhir/terminology"),
		"conformance":                       append(slices.Clone(core), "fhir/patch"),
		"resources":                         {"*"},
		"resources/automation":              append(slices.Clone(core), "fhir/gate", "fhir/rules", "fhir/terminology", "smart"),
		"resources/patient":                 append(slices.Clone(core), "fhir/gate", "resources/number", "smart"),
		"resources/scheduling/availability": {},
		"resources/scheduling":              append(slices.Clone(core), "smart", "resources/scheduling/availability"),
		"resources/core":                    append(slices.Clone(core), "fhir/gate", "fhir/terminology", "search/ucum", "smart"),
		"resources/resourcestest":           {"*"},
		"resources/task":                    append(slices.Clone(core), "smart"),
		"resources/encounter":               append(slices.Clone(core), "fhir/gate", "smart", "resources/number", "resources/money"),
		"fhir/store/storetest":              {"*"},
		"fhir/store/storetest/chosen":       {"*"},
		"fhir/server":                       {"*"},
		"conformance/spec":                  {"*"},
		"cmd/andiron":                       {"*"},
		"cmd/andiron/bench":                 {"cmd/andiron/bench/answer", "cmd/andiron/bench/seed", "cmd/andiron/bench/wire"},
		"cmd/andiron/bench/answer":          {}, "cmd/andiron/bench/seed": {}, "cmd/andiron/bench/wire": {},
		"cmd/andiron/demo":   {"fhir"},
		"cmd/andiron/intake": {"fhir", "fhir/rest", "fhir/server"},
		"cmd/fhirgen":        {"fhir", "fhir/r4"},
		"smart":              append(slices.Clone(core), "smart/compartment"),
		"smart/audit":        append(slices.Clone(core), "smart", "smart/compartment"),
		"smart/compartment":  {"fhir", "search"},
		"smart/secret":       {"fhir"},
		"smart/authserver":   append(slices.Clone(core), "smart", "smart/account", "smart/audit", "smart/secret", "smart/token"),
		"smart/account":      {"fhir", "smart/audit", "smart/secret"}, "smart/account/accounttest": {},
		"smart/outbound": {},
		"smart/token":    {"fhir", "smart", "smart/outbound", "smart/secret"},
	}
}

// fences says who alone may import a library.
func fences() map[string][]string {
	return map[string][]string{
		"github.com/google/fhir":         {"fhir/proto"},
		"github.com/labstack/echo":       {"fhir/rest", "fhir/server"},
		"go.mongodb.org/mongo-driver":    {"fhir/store/mongo", "fhir/store/mongo/replica", "fhir/store/storetest/chosen"},
		"github.com/xdg-go/scram":        {"fhir/store/mongo/replica"},
		"zombiezen.com/go/sqlite":        {"fhir/store/sqlite"},
		"github.com/alecthomas/kong":     {"cmd/andiron"},
		"github.com/evanphx/json-patch":  {"fhir/patch"},
		"net/http":                       {"fhir/event/channel", "fhir/event/eventtest", "resources/resourcestest", "smart/authserver", "smart/outbound", "smart/token", "fhir/rest", "fhir/server", "cmd/andiron", "cmd/andiron/intake", "cmd/andiron/bench", "cmd/andiron/bench/wire", "conformance/spec"},
		"github.com/schollz/progressbar": {"cmd/andiron/intake"},
		"github.com/cockroachdb/apd":     {"fhir/path", "resources/core", "resources/money", "search", "search/ucum"},
		"github.com/golang-jwt/jwt":      {"smart/token", "smart/authserver"},
		"golang.org/x/time":              {"fhir/event/channel", "fhir/rest", "smart/account"},
		"github.com/coder/websocket":     {"fhir/event/channel"},
		"github.com/wneessen/go-mail":    {"fhir/event/channel"},
		"golang.org/x/crypto":            {"smart/account"},
		"golang.org/x/oauth2":            {"smart/authserver"},
		"github.com/coreos/go-oidc":      {"smart/authserver"},
		"github.com/pquerna/otp":         {"smart/account"},
		"github.com/boombuler/barcode":   {"smart/authserver"},
		"github.com/go-webauthn":         {"smart/account", "smart/account/accounttest"},
	}
}

const module = "andiron.dev/"

// TestLayers parses the imports of every file: go list would answer from a cache that does not notice new files.
func TestLayers(t *testing.T) {
	allowed, fenced := layers(), fences()
	eachGoFile(t, func(path string) {
		pkg := filepath.ToSlash(filepath.Dir(path))
		may, known := allowed[pkg]
		if !known {
			t.Errorf("%s: package %s has no place in the table of layers", path, pkg)
			return
		}
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			name, _ := strconv.Unquote(spec.Path.Value)
			if inner, ok := strings.CutPrefix(name, module); ok && !slices.Contains(may, "*") && !slices.Contains(may, inner) {
				t.Errorf("%s imports %s, which its layer does not allow", path, inner)
			}
			if pkg == "fhir" && strings.Contains(strings.Split(name, "/")[0], ".") {
				t.Errorf("%s imports %s: package fhir is built on the standard library only", path, name)
			}
			for library, who := range fenced {
				if (name == library || strings.HasPrefix(name, library+"/")) && !slices.Contains(who, pkg) {
					t.Errorf("%s imports %s, which only %s may", path, name, strings.Join(who, ", "))
				}
			}
		}
	})
}

// root is the project's root, seen from this package.
const root = "../.."

func eachGoFile(t *testing.T, fn func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && rel != "." || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			fn(rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
