package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFileSize: nothing hand-written over 600 lines, and half of all files at most 120.
func TestFileSize(t *testing.T) {
	var sizes []int
	eachGoFile(t, func(path string) {
		text, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(text), "\n")
		if lines > 600 {
			t.Errorf("%s has %d lines; at most 600 are allowed", path, lines)
		}
		if !strings.HasSuffix(path, "_test.go") {
			sizes = append(sizes, lines)
		}
	})
	slices.Sort(sizes)
	if median := sizes[len(sizes)/2]; median > 120 {
		t.Errorf("the median file has %d lines; it should have at most 120", median)
	}
}

// TestTopLevel: the top level of the project is fixed.
func TestTopLevel(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	fixed := []string{"cmd", "fhir", "resources", "search", "smart", "conformance", "testdata", "go.mod", "go.sum", "Makefile", "README.md", "LICENSE", "NOTICE",
		"bin", "data", "coverage.out"} // the last three are made here and ignored by git
	for _, e := range entries {
		if !slices.Contains(fixed, e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			t.Errorf("%s does not belong on the top level", e.Name())
		}
	}
}

// TestNames: no package or file is called by what says nothing.
func TestNames(t *testing.T) {
	empty := regexp.MustCompile(`(^|/)(utils?|helpers?|common|misc|managers?|services?|impl|data)(/|\.go$|_test\.go$)`)
	eachGoFile(t, func(path string) {
		if empty.MatchString(path) {
			t.Errorf("the name of %s says nothing", path)
		}
	})
}

// TestNoGlobals: no init functions and no package variables, in which state could hide. Embedded files, errors and what the
// linker sets are allowed.
func TestNoGlobals(t *testing.T) {
	eachGoFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			switch d := decl.(type) {
			case *ast.FuncDecl:
				if d.Name.Name == "init" && d.Recv == nil {
					t.Errorf("%s has a function init", path)
				}
			case *ast.GenDecl:
				if d.Tok != token.VAR {
					continue
				}
				embedded := d.Doc != nil && strings.Contains(d.Doc.List[len(d.Doc.List)-1].Text, "//go:embed")
				for _, spec := range d.Specs {
					if v := spec.(*ast.ValueSpec); !embedded && !allowedVariable(v) {
						t.Errorf("%s has the package variable %s", path, v.Names[0].Name)
					}
				}
			}
		}
	})
}

func allowedVariable(v *ast.ValueSpec) bool {
	name := v.Names[0].Name
	if name == "_" || name == "release" { // an interface guard; set by the linker
		return true
	}
	if v.Doc != nil && strings.Contains(v.Doc.List[len(v.Doc.List)-1].Text, "//go:embed") {
		return true
	}
	if strings.HasPrefix(name, "err") || strings.HasPrefix(name, "Err") {
		if len(v.Values) == 1 {
			call, ok := v.Values[0].(*ast.CallExpr)
			return ok && strings.Contains(exprText(call.Fun), "New")
		}
	}
	return false
}

func exprText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
