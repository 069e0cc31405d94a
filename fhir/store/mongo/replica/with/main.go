// Command with runs a command with a replica set in memory, whose URI is in ANDIRON_TEST_MONGO:
//
//	go run ./fhir/store/mongo/replica/with go test ./cmd/andiron
package main

import (
	"fmt"
	"os"
	"os/exec"

	"andiron.dev/fhir/store/mongo/replica"
)

func main() {
	if err := with(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func with(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("a command is missing")
	}
	s, err := replica.Start()
	if err != nil {
		return err
	}
	defer s.Close()
	cmd := exec.Command(args[0], args[1:]...) //nolint:gosec // that is what it is for
	cmd.Env = append(os.Environ(), "ANDIRON_TEST_MONGO="+s.URI())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}
