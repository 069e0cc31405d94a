package smart_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutations builds the guard with one of its hooks left out, for each hook, and demands that the leak catalogue notices. It takes
// minutes: -short leaves it out.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	files, err := filepath.Glob("mutate_*.go")
	if err != nil || len(files) != 18 {
		t.Fatalf("there are %d mutations: %v", len(files), err)
	}
	for _, file := range files {
		hook := strings.TrimSuffix(strings.TrimPrefix(file, "mutate_"), ".go")
		if hook == "none" {
			continue
		}
		t.Run(hook, func(t *testing.T) {
			out, err := exec.Command("go", "test", "-vet=off", "-ldflags=-s -w", "-tags", "mutate_"+hook, "-run", "^TestLeak$", ".").CombinedOutput()
			switch text := string(out); {
			case err == nil:
				t.Errorf("nothing leaks without the hook %s, as far as the catalogue can tell", hook)
			case !strings.Contains(text, "--- FAIL: TestLeak"):
				t.Errorf("the catalogue could not be run without the hook %s:\n%s", hook, text)
			case strings.Contains(text, "panic:"):
				t.Errorf("without the hook %s the server panics:\n%s", hook, text)
			}
		})
	}
}
