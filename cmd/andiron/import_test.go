package main

import (
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeFiles fills a folder with n transactions of m patients each, and one NDJSON file of n lines with ids of their own.
func writeFiles(t *testing.T, dir string, n, m int) {
	t.Helper()
	for i := range n {
		var entries []string
		for j := range m {
			entries = append(entries, fmt.Sprintf(`{"fullUrl":"urn:uuid:%08d-0000-4000-8000-000000000000","resource":%s,"request":{"method":"POST","url":"Patient"}}`, j, patient(i*m+j)))
		}
		text := `{"resourceType":"Bundle","type":"transaction","entry":[` + strings.Join(entries, ",") + `]}`
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("bundle%03d.json.gz", i)))
		if err != nil {
			t.Fatal(err)
		}
		z := gzip.NewWriter(f)
		fmt.Fprint(z, text)
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"resourceType":"Organization","id":"org-%d","name":"Org %d"}`+"\n", i, i)
	}
	if err := os.WriteFile(filepath.Join(dir, "organizations.ndjson"), []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestImportIsDoneOnce(t *testing.T) {
	files, store := t.TempDir(), "sqlite:"+t.TempDir()
	writeFiles(t, files, 5, 20)
	for i, want := range []string{"total   105      105", "total   105        0        0      105", "total   105      100        5"} {
		args := []string{"import", "--store", store, files}
		if i == 2 {
			args = append(args, "--again")
		}
		status, out, stderr := command(args...)
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("run %d: exit status %d, want 0 and %q\n%s%s", i+1, status, want, out, stderr)
		}
	}
}

func TestImportReportsWhatFails(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(dir, "report.ndjson")
	for name, text := range map[string]string{
		"bad.json":    `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"POST","url":"Patient"}},{"resource":{"resourceType":"Patient","gender":"x"},"request":{"method":"POST","url":"Patient"}}]}`,
		"cut.json":    `{"resourceType":"Bundle","type":"trans`,
		"good.ndjson": `{"resourceType":"Patient","id":"a"}` + "\n\n" + `{"resourceType":"Patient","id":"b","birthDate":"2024-02-30"}` + "\nnonsense\n" + `{"resourceType":"Patient"}` + "\n",
		"one.json":    `{"resourceType":"Patient","id":"one"}`,
		"notes.txt":   "not for import",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out, stderr := command("import", "--store", "sqlite:"+t.TempDir(), "--report", report, dir)
	if status != 1 || !strings.Contains(stderr, "5 resources were not imported") {
		t.Errorf("exit status %d\n%s%s", status, out, stderr)
	}
	if !strings.Contains(out, "Patient     6        3        0        0       3") || !strings.Contains(out, "(unreadable)     2        0        0        0       2") {
		t.Errorf("the table is wrong\n%s", out)
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`bad.json","place":"Bundle.entry[0]","type":"Patient"}`, `bad.json","place":"Bundle.entry[1]","type":"Patient","issues":[{"code":"code-invalid"`,
		`cut.json","type":"(unreadable)"`, `good.ndjson","place":"line 3","type":"Patient","issues":[{"code":"value"`, `good.ndjson","place":"line 4","type":"(unreadable)"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
	if status, _, stderr := command("import", "--store", "sqlite:"+t.TempDir(), filepath.Join(dir, "nothing")); status != 1 || !strings.Contains(stderr, "nothing") {
		t.Errorf("a missing file: %d %s", status, stderr)
	}
}

// TestImportSurvivesKill: an import that is killed at any moment and started again stores everything once.
func TestImportSurvivesKill(t *testing.T) {
	files, store := t.TempDir(), t.TempDir()
	writeFiles(t, files, 40, 100)
	for round := range 4 {
		cmd := program(t, "import", "--store", "sqlite:"+store, "--workers", "4", files)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(150+70*round) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	if status, out, stderr := command("import", "--store", "sqlite:"+store, files); status != 0 {
		t.Fatalf("%d\n%s%s", status, out, stderr)
	}
	s := startServer(t, "serve", "--store", "sqlite:"+store)
	if n := s.total(t, "Patient"); n != 4000 {
		t.Errorf("%d patients, want 4000", n)
	}
	if n := s.total(t, "Patient?identifier=urn:test%7C1234"); n != 1 {
		t.Errorf("a patient is there %d times", n)
	}
	if n := s.total(t, "Organization"); n != 40 {
		t.Errorf("%d organizations, want 40", n)
	}
}

// TestImportIntoAServer: over HTTP, with the importer killed, and with its journal lost.
func TestImportIntoAServer(t *testing.T) {
	files, journal := t.TempDir(), filepath.Join(t.TempDir(), "journal")
	writeFiles(t, files, 20, 50)
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir())
	cmd := program(t, "import", "--server", s.url, "--journal", journal, files)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond)
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	for _, want := range []string{"total  1020", "0        0     1020       0"} {
		status, out, stderr := command("import", "--server", s.url, "--journal", journal, files)
		if status != 0 || !strings.Contains(out, want) {
			t.Errorf("exit status %d, want 0 and %q\n%s%s", status, want, out, stderr)
		}
		if err := os.Remove(journal); err != nil { // the server knows as well
			t.Fatal(err)
		}
	}
	if n := s.total(t, "Patient"); n != 1000 {
		t.Errorf("%d patients, want 1000", n)
	}
}
