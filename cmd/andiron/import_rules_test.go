package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/intake"
	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// female is a module with a rule: no Patient is male, and whose gender is not known is given one.
type female struct{}

func (female) Register(r *fhir.Registry) error {
	r.Rule(fhir.Rule{Type: "Patient", Check: func(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
		if c.After == nil {
			return nil, nil
		}
		switch c.After.Root().Get("gender").Text() {
		case "male":
			return nil, fhir.NewOutcome(fhir.BusinessRule, "not here")
		case "":
			return fhir.ParseResource(strings.Replace(c.After.Body(), `"active":true`, `"active":true,"gender":"female"`, 1), fhir.DefaultLimits())
		}
		return nil, nil
	}})
	return nil
}

// TestImportKeepsToRules: what is imported is held against rules as what is sent is.
func TestImportKeepsToRules(t *testing.T) {
	files := t.TempDir()
	for name, text := range map[string]string{
		"patients.ndjson": `{"resourceType":"Patient","id":"good","active":true}` + "\n" + `{"resourceType":"Patient","id":"bad","active":true,"gender":"male"}` + "\n",
		"transaction.json": `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient","active":true},"request":{"method":"POST","url":"Patient"}},
			{"resource":{"resourceType":"Patient","active":true,"gender":"male"},"request":{"method":"POST","url":"Patient"}}]}`,
		"deletes.json": `{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Provenance/p"}}]}`,
	} {
		if err := os.WriteFile(filepath.Join(files, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	store := chosen.Open(t, sqlite.Options{Dir: t.TempDir(), Params: params, Unsafe: true})
	defer store.Close()
	srv, err := server.New(server.Config{Store: store, Spec: spec, Params: params, Modules: []fhir.Module{female{}}})
	if err != nil {
		t.Fatal(err)
	}
	evidence, err := fhir.ParseResource(`{"resourceType":"Provenance","id":"p","target":[{"reference":"Patient/1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"x"}}]}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := srv.Handler().Serve(t.Context(), &fhir.Request{Interaction: fhir.Update, Type: "Provenance", ID: "p", Resource: evidence}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	report := filepath.Join(t.TempDir(), "report.ndjson")
	_, failed := intake.Run(t.Context(), intake.Config{Paths: []string{files}, Workers: 2, Salt: "x", Report: report, Out: &out}, &intake.Direct{Server: srv, Limits: fhir.Limits{Depth: 100}})
	told, err := os.ReadFile(report)
	if failed == nil || err != nil || strings.Count(string(told), "not here") < 2 || !strings.Contains(string(told), "stays as it was written") {
		t.Errorf("%v %v\n%s\n%s", failed, err, out.String(), told)
	}
	err = store.View(t.Context(), func(tx fhir.Tx) error {
		good, err := tx.Read(t.Context(), "Patient", "good")
		if err != nil || good.Root().Get("gender").Text() != "female" {
			t.Errorf("what keeps to the rule: %v %v", good, err)
		}
		if _, err := tx.Read(t.Context(), "Patient", "bad"); fhir.CodeOf(err) != fhir.NotFound {
			t.Errorf("what does not: %v", err)
		}
		if _, err := tx.Read(t.Context(), "Provenance", "p"); err != nil {
			t.Errorf("evidence: %v", err)
		}
		page, err := tx.History(t.Context(), fhir.HistoryQuery{Type: "Patient", Count: 10})
		if err == nil && len(page.Events) != 1 {
			t.Errorf("%d Patients were written", len(page.Events))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestImportLeavesEvidence: the program's own import does not write over evidence either.
func TestImportLeavesEvidence(t *testing.T) {
	files, store := t.TempDir(), "sqlite:"+t.TempDir()
	for i, who := range []string{"x", "y"} {
		text := `{"resourceType":"Provenance","id":"p","target":[{"reference":"Patient/1"}],"recorded":"2026-01-01T00:00:00Z","agent":[{"who":{"display":"` + who + `"}}]}`
		if err := os.WriteFile(filepath.Join(files, "p.ndjson"), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		report := filepath.Join(t.TempDir(), "report.ndjson")
		status, out, stderr := command("import", "--store", store, "--report", report, files)
		told, _ := os.ReadFile(report)
		if status != i || (i == 1) != strings.Contains(string(told), "stays as it was written") {
			t.Errorf("%s: %d %s %s\n%s", who, status, out, stderr, told)
		}
	}
}
