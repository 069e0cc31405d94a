package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"andiron.dev/cmd/andiron/bench"
)

// TestOutput: the three forms of a report of a server that lies about everything it can, figures and addresses made alike.
func TestOutput(t *testing.T) {
	update := os.Getenv("UPDATE_GOLDEN") != ""
	for name, change := range map[string]func(*bench.Config){
		"report.json": func(cfg *bench.Config) { cfg.JSON = true },
		"report.txt":  func(*bench.Config) {},
		"benchstat":   func(cfg *bench.Config) { cfg.Benchstat = true },
		"load.json":   func(cfg *bench.Config) { cfg.JSON, cfg.Workload, cfg.Data, cfg.VUs = true, "load", bundles(t), 1 },
		"open.txt":    func(cfg *bench.Config) { cfg.Rate = 500 },
	} {
		f := startFake(t, "history without requests")
		f.patients(4)
		cfg := small(f, "mix", 200)
		cfg.VUs = 1
		change(&cfg)
		var out bytes.Buffer
		report, err := bench.Run(context.Background(), cfg, &out)
		if report == nil {
			t.Fatal(name, err)
		}
		got := alike(out.String(), f.URL)
		golden := filepath.Join("testdata", name)
		if update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s (UPDATE_GOLDEN=1 writes it)\ngot:\n%s\nwant:\n%s", name, got, want)
		}
		if cfg.JSON {
			var back bench.Report
			dec := json.NewDecoder(&out)
			dec.DisallowUnknownFields()
			if err := dec.Decode(&back); err != nil || back.Total.Requests != report.Total.Requests || back.Total.Latency != report.Total.Latency {
				t.Errorf("%s does not read back: %v", name, err)
			}
		}
	}
}

// alike takes out what differs from run to run: figures and the blanks that align them, addresses, ids.
func alike(text, url string) string {
	text = strings.ReplaceAll(text, url, "http://server")
	text = regexp.MustCompile(`"started": "[^"]*"`).ReplaceAllString(text, `"started": "…"`)
	text = regexp.MustCompile(`id-\d+`).ReplaceAllString(text, "id")
	text = regexp.MustCompile(`\b\d+(\.\d+)?(e[-+]\d+)?(ms|s|µs)?\b`).ReplaceAllString(text, "0")
	return regexp.MustCompile(`[ \t]+`).ReplaceAllString(text, " ")
}
