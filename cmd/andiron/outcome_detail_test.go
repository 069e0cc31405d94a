package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// detailCodes finds the codes that the source gives to fhir.Issue.Detail: constants that stand there, and those that are handed to a
// function which puts a parameter there.
func detailCodes(t *testing.T) map[string]string {
	t.Helper()
	type place struct {
		pkg, function string
		n             int
	}
	found := make(map[string]string)
	takers := make(map[place]bool)
	packages := make(map[string][]*ast.File)
	eachGoFile(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "cmd/andiron/bench") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, path), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		dir := filepath.Dir(path)
		packages[dir] = append(packages[dir], file)
	})
	text := func(e ast.Expr) (string, bool) {
		lit, ok := e.(*ast.BasicLit)
		if !ok || lit.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(lit.Value)
		return s, err == nil
	}
	for pkg, files := range packages {
		for _, file := range files {
			for _, declared := range file.Decls {
				f, _ := declared.(*ast.FuncDecl)
				if f == nil || f.Body == nil {
					continue
				}
				var params []string
				for _, field := range f.Type.Params.List {
					for _, name := range field.Names {
						params = append(params, name.Name)
					}
				}
				given := func(e ast.Expr) {
					if code, ok := text(e); ok {
						found[code] = pkg
					}
					if id, ok := e.(*ast.Ident); ok {
						if n := slices.Index(params, id.Name); n >= 0 {
							takers[place{pkg, f.Name.Name, n}] = true
						}
					}
				}
				ast.Inspect(f.Body, func(n ast.Node) bool {
					switch n := n.(type) {
					case *ast.AssignStmt:
						for i, left := range n.Lhs {
							if to, ok := left.(*ast.SelectorExpr); ok && to.Sel.Name == "Detail" && i < len(n.Rhs) {
								given(n.Rhs[i])
							}
						}
					case *ast.KeyValueExpr:
						if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Detail" {
							given(n.Value)
						}
					}
					return true
				})
			}
		}
	}
	for pkg, files := range packages {
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name := ""
				switch f := call.Fun.(type) {
				case *ast.Ident:
					name = f.Name
				case *ast.SelectorExpr:
					name = f.Sel.Name
				}
				for i, arg := range call.Args {
					if code, ok := text(arg); ok && takers[place{pkg, name, i}] {
						found[code] = pkg
					}
				}
				return true
			})
		}
	}
	delete(found, "")
	found[fhir.DryRun] = "fhir"
	return found
}

// TestOutcomeDetails: the code system of outcomes can be read and found, and has every code that an outcome can have.
func TestOutcomeDetails(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	status, body := s.do(t, http.MethodGet, "/CodeSystem/outcome-detail", "")
	var system struct {
		URL     string
		Count   int
		Concept []struct{ Code, Display, Definition string }
	}
	if err := json.Unmarshal([]byte(body), &system); status != 200 || err != nil || system.URL != fhir.DetailSystem || system.Count != len(system.Concept) {
		t.Fatalf("%d %v %s", status, err, body)
	}
	known := make(map[string]bool)
	for _, c := range system.Concept {
		if known[c.Code] || c.Display == "" || c.Definition == "" {
			t.Errorf("%+v", c)
		}
		known[c.Code] = true
	}
	codes := detailCodes(t)
	if len(codes) < 10 {
		t.Errorf("only %v are found in the source", codes)
	}
	for code, pkg := range codes {
		if !known[code] {
			t.Errorf("%s uses the code %s, which fhir/interaction/definitions/outcome-detail.json does not have", pkg, code)
		}
	}
	for _, code := range []fhir.IssueType{
		fhir.Invalid, fhir.Structure, fhir.Required, fhir.Value, fhir.Invariant, fhir.Login, fhir.Unknown, fhir.Expired, fhir.Forbidden, fhir.Suppressed, fhir.NotSupported,
		fhir.Duplicate, fhir.MultipleMatches, fhir.NotFound, fhir.Deleted, fhir.TooLong, fhir.CodeInvalid, fhir.Extension, fhir.TooCostly, fhir.BusinessRule, fhir.Conflict, fhir.Transient,
		fhir.LockError, fhir.NoStore, fhir.Exception, fhir.Timeout, fhir.Incomplete, fhir.Throttled, fhir.Informational,
	} {
		if !known[string(code)] {
			t.Errorf("the issue type %s is not in the code system", code)
		}
	}
	for search, want := range map[string]int{
		"CodeSystem?url=" + url.QueryEscape(fhir.DetailSystem): 1, "CodeSystem?url=http://example.org/none": 0, "CodeSystem?_id=operation": 1, "CodeSystem?code=create-only": 1,
		"OperationDefinition?code=meta-add": 1, "OperationDefinition?_id=andiron-reindex&_summary=count": 1, "OperationDefinition?url=" + url.QueryEscape(s.url+"/OperationDefinition/andiron-reindex"): 1,
	} {
		status, body := s.do(t, http.MethodGet, "/"+search+"&_total=accurate", "")
		var found struct {
			Total int
			Entry []struct{ Search struct{ Mode string } }
		}
		if err := json.Unmarshal([]byte(body), &found); status != 200 || err != nil || found.Total != want || len(found.Entry) != want && !strings.Contains(search, "count") {
			t.Errorf("%s: %d %v %s", search, status, err, body)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodDelete} {
		if status, _ := s.do(t, method, "/CodeSystem/outcome-detail", body); status != 422 {
			t.Errorf("%s: %d", method, status)
		}
	}
	if status, body := s.do(t, http.MethodGet, "/CodeSystem/operation", ""); status != 200 || !strings.Contains(body, `"code":"meta-add"`) {
		t.Errorf("%d %s", status, body)
	}
}
