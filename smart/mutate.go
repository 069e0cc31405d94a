//go:build mutate

package smart

import "os"

// mutated is the hook that the environment has left out.
func mutated() string { return os.Getenv("ANDIRON_MUTATION") }
