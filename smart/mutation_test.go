package smart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestMutations builds the guard so that one of its hooks can be left out, and demands that the leak catalogue notices for each. It takes half
// a minute: -short leaves it out.
func TestMutations(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: -short")
	}
	text, err := os.ReadFile("mutated.go")
	if err != nil {
		t.Fatal(err)
	}
	hooks := regexp.MustCompile(`(?m)^\thook\w+ += "(\w+)"$`).FindAllStringSubmatch(string(text), -1)
	if len(hooks) != 17 {
		t.Fatalf("there are %d hooks", len(hooks))
	}
	program := filepath.Join(t.TempDir(), "leak.test")
	if out, err := exec.Command("go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-tags", "mutate", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	run := func(hook string) (string, error) {
		leak := exec.Command(program, "-test.run", "^TestLeak$", "-test.failfast") //nolint:gosec // what has just been built
		leak.Env = append(os.Environ(), "ANDIRON_MUTATION="+hook)
		out, err := leak.CombinedOutput()
		return string(out), err
	}
	if out, err := run(""); err != nil {
		t.Fatalf("with all hooks: %v\n%s", err, out)
	}
	for _, hook := range hooks {
		t.Run(hook[1], func(t *testing.T) {
			switch out, err := run(hook[1]); {
			case err == nil:
				t.Errorf("nothing leaks without the hook %s, as far as the catalogue can tell", hook[1])
			case !strings.Contains(out, "--- FAIL: TestLeak"):
				t.Errorf("the catalogue could not be run without the hook %s:\n%s", hook[1], out)
			case strings.Contains(out, "panic:"):
				t.Errorf("without the hook %s the server panics:\n%s", hook[1], out)
			}
		})
	}
}
