package bench_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/bench"
)

// small is a run of so many iterations, each answer checked in full.
func small(f *fakeServer, workload string, iterations int64) bench.Config {
	return bench.Config{Server: f.base(), Workload: workload, VUs: 2, Iterations: iterations, Timeout: 5 * time.Second, Seed: 1,
		Check: 1, Type: "Patient", IDs: 1000, Encoding: "identity"}
}

func workloads() []string { return []string{"read", "crud", "search", "mix", "transaction", "load"} }

func TestTruth(t *testing.T) {
	for _, workload := range workloads() {
		for _, check := range []float64{0, 0.3, 1} {
			f := startFake(t, "")
			f.patients(30)
			cfg := small(f, workload, 60)
			cfg.Check = check
			switch workload {
			case "load":
				cfg.Data, cfg.Iterations = bundles(t), 0
			case "crud":
				cfg.Iterations = 10
			}
			report, err := bench.Run(context.Background(), cfg, io.Discard)
			if err != nil || report.Total.Wrong != 0 || report.Total.Errors != 0 {
				t.Errorf("%s, check %g: %v, %+v", workload, check, err, report)
				continue
			}
			if report.Total.Requests == 0 || report.Total.Succeeded != report.Total.Requests {
				t.Errorf("%s, check %g: %d requests, %d succeeded", workload, check, report.Total.Requests, report.Total.Succeeded)
			}
			if check == 0 && report.Total.Checked != 0 || check == 1 && report.Total.Checked == 0 {
				t.Errorf("%s, check %g: %d checked in full", workload, check, report.Total.Checked)
			}
		}
	}
}

// TestLies has for every lie the workload that must find it and the reason that it must give.
func TestLies(t *testing.T) {
	for _, c := range []struct {
		lie, workload, reason string
		cheap                 bool // found without a full check
	}{
		{"other id", "read", "another resource", true},
		{"other type", "read", "another resource", true},
		{"other id, asked one inside", "read", "another resource", false},
		{"other content", "crud", "lost the identifier", false},
		{"other id", "crud", "another resource", true},
		{"etag", "crud", "not the version of its Location", true},
		{"stale version", "crud", "does not raise the version", true},
		{"no location", "crud", "does not say where", true},
		{"created with 200", "crud", "the status is 200, not 201", true},
		{"undead", "crud", "still there", false},
		{"false match", "search", "does not match", false},
		{"match of another type", "search", "another type", false},
		{"no mode", "search", "search.mode", false},
		{"missing match", "search", "matches are missing", false},
		{"more than asked for", "search", "more matches than _count", false},
		{"small total", "search", "Bundle.total", false},
		{"collection", "search", "not a searchset", true},
		{"not JSON", "search", "is not", true},
		{"false match", "mix", "does not match", false},
		{"more than asked for", "mix", "more matches than _count", false},
		{"history of another", "mix", "history is of another", false},
		{"empty history", "mix", "is empty", false},
		{"history without requests", "mix", "no request", false},
		{"history backwards", "mix", "oldest version last", false},
		{"entry missing", "transaction", "entry for each request", true},
		{"entry refused", "transaction", "was not created", true},
		{"entry without location", "transaction", "where it is", false},
		{"unresolved", "transaction", "urn:uuid", false},
		{"not stored", "load", "fewer resources", true},
		{"entry missing", "load", "entry for each request", true},
		{"entry refused", "load", "was not created", true},
	} {
		t.Run(c.workload+"/"+c.lie, func(t *testing.T) {
			for _, check := range []float64{0, 1} {
				f := startFake(t, c.lie)
				f.patients(12)
				cfg := small(f, c.workload, 60)
				cfg.Check, cfg.Data, cfg.VUs = check, bundles(t), 1 // one user: the same requests every time
				if c.workload == "crud" {
					cfg.Iterations = 5
				}
				report, err := bench.Run(context.Background(), cfg, io.Discard)
				if check == 0 && !c.cheap {
					if err != nil {
						t.Errorf("found without a full check, which the table does not know: %v", err)
					}
					continue
				}
				var wrong *bench.WrongAnswers
				if !errors.As(err, &wrong) || report.Total.Wrong == 0 || report.Total.Wrong != wrong.Count {
					t.Fatalf("check %g: error %v, report %+v", check, err, report)
				}
				found := ""
				for _, w := range report.Total.WrongKinds {
					found += w.Reason + "; "
				}
				if !strings.Contains(found, c.reason) {
					t.Errorf("check %g: reasons %q do not have %q", check, found, c.reason)
				}
				if report.Total.Succeeded < report.Total.Requests-report.Total.Errors {
					t.Errorf("check %g: wrong answers are counted as errors: %+v", check, report.Total)
				}
			}
		})
	}
}

// bundles writes a folder of transactions.
func bundles(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"Ada.json", "Zoe.json", "hospitalInformation1.json", "practitionerInformation1.json"} {
		typ := "Patient"
		if strings.HasPrefix(name, "hosp") || strings.HasPrefix(name, "prac") {
			typ = "Organization"
		}
		entry := `{"fullUrl":"urn:uuid:` + name + `","resource":{"resourceType":"` + typ + `"},"request":{"method":"POST","url":"` + typ + `"}}`
		text := `{"resourceType":"Bundle","type":"transaction","entry":[` + entry + `,` + strings.ReplaceAll(entry, name, "b") + `]}`
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
