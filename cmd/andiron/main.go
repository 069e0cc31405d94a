// Command andiron is the Andiron FHIR R4 server and what goes with it: run "andiron --help".
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line. Every flag has an environment variable ANDIRON_* and a key in the configuration file.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Run the server."`
	Demo    demoCommand    `cmd:"" help:"Run a server with a small demo hospital in it."`
	Import  importCommand  `cmd:"" help:"Store transaction and batch Bundles and NDJSON files."`
	Reindex reindexCommand `cmd:"" help:"Build the search index anew."`
	Copy    copyCommand    `cmd:"" help:"Copy a store, with history and version ids, into an empty one of either engine."`
	Check   checkCommand   `cmd:"" help:"Check the configuration and the store, and print the configuration that is in effect."`
	User    userCommand    `cmd:"" help:"Administer the people who may log in."`
	Client  clientCommand  `cmd:"" help:"Administer the clients that may ask for tokens."`
	Token   tokenCommand   `cmd:"" help:"Make access tokens for development."`
	Key     keyCommand     `cmd:"" help:"Administer the keys that secrets in the store are encrypted with."`
	Audit   auditCommand   `cmd:"" help:"Examine and read the audit trail."`
	Bench   benchCommand   `cmd:"" help:"Measure a FHIR server."`
	Version versionCommand `cmd:"" help:"Print the version."`

	Config string `help:"Configuration file: a JSON object whose keys are the names of flags." type:"path" placeholder:"FILE" env:"ANDIRON_CONFIG"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	pace(heapRoom)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// exitError ends the program with a status other than 1, or without a message because one has been printed.
type exitError struct{ status int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// run is the program: tests call it with their own arguments and writers. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var cli commands
	status := -1
	parser, err := kong.New(&cli,
		kong.Name("andiron"),
		kong.Description("A FHIR R4 server for hospitals and clinics."),
		kong.DefaultEnvars("ANDIRON"),
		kong.Resolvers(&fileResolver{}),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { status = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&terminal{out: stdout, err: stderr}),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(stderr, "andiron:", err)
		return 2
	}
	command, err := parse(parser, &cli, args)
	if status >= 0 { // --help
		return status
	}
	if err == nil {
		err = command.Run()
	}
	var exit *exitError
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.status
	case errors.As(err, &usage):
		for _, mistake := range usage.mistakes {
			fmt.Fprintln(stderr, "andiron:", mistake)
		}
		return 2
	}
	fmt.Fprintln(stderr, "andiron:", err)
	return 1
}

// terminal is where a command writes.
type terminal struct{ out, err io.Writer }
