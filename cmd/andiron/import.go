package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"andiron.dev/cmd/andiron/intake"
	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"golang.org/x/term"
)

type importCommand struct {
	storeFlags
	Server  string   `help:"Post to the FHIR server with this base URL instead of writing into --store." placeholder:"URL"`
	Token   string   `help:"Access token for --server." placeholder:"TOKEN"`
	Workers int      `help:"Transactions under way at the same time; 0 is twice the number of processors."`
	Again   bool     `help:"Import once more what has been imported before, under new ids."`
	Report  string   `help:"File for what could not be imported and why; it is written only if there is something to say." default:"andiron-import-failures.ndjson" placeholder:"FILE"`
	Journal string   `help:"With --server: file of what the server has acknowledged, so that an interrupted import goes on. The default lies in the user's cache folder." placeholder:"FILE"`
	Files   []string `arg:"" name:"file" help:"Files (.json, .json.gz, .ndjson, .ndjson.gz) and folders."`
}

func (c *importCommand) Run(ctx context.Context, t *terminal) (err error) {
	if c.Workers == 0 {
		c.Workers = 2 * runtime.GOMAXPROCS(0)
	}
	config := intake.Config{Paths: c.Files, Workers: c.Workers, Again: c.Again, Salt: time.Now().String(), Report: c.Report, Out: t.out}
	if f, ok := t.out.(*os.File); ok {
		config.Bar = term.IsTerminal(int(f.Fd()))
	}
	target, done, err := c.target(ctx, &config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	_, err = intake.Run(ctx, config, target)
	var failed *intake.Failed
	if errors.As(err, &failed) {
		fmt.Fprintln(t.err, "andiron:", failed)
		return &exitError{1}
	}
	return err
}

// target opens what is imported into.
func (c *importCommand) target(ctx context.Context, config *intake.Config) (target intake.Target, done func() error, err error) {
	if c.Server != "" {
		path := c.Journal
		if path == "" {
			if path, err = journalPath(c.Server); err != nil {
				return nil, nil, err
			}
		}
		if config.Journal, err = intake.OpenJournal(path); err != nil {
			return nil, nil, err
		}
		client := &http.Client{Timeout: 10 * time.Minute}
		return &intake.Remote{Base: strings.TrimSuffix(c.Server, "/"), Token: c.Token, Client: client}, func() error { return nil }, nil
	}
	st, err := c.open()
	if err != nil {
		return nil, nil, fmt.Errorf("the store cannot be opened: %w", err)
	}
	if err := awaitIndex(ctx, st, config.Out); err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	f := serverFlags{storeFlags: c.storeFlags, MaxEntries: 1 << 20}
	srv, err := f.assemble(st, nil, "", slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	done = func() error {
		e := &audit.Event{Time: time.Now(), Kind: audit.Admin, Subtype: "import", Subject: "system", Name: "andiron import"}
		return errors.Join(st.Append(context.WithoutCancel(ctx), e.Entry()), st.Close())
	}
	return &intake.Direct{Server: srv, Limits: fhir.Limits{Depth: 100}}, done, nil
}

// journalPath is where the journal for a server lies.
func journalPath(server string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for the journal, name one with --journal: %w", err)
	}
	dir = filepath.Join(dir, "andiron")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("there is no place for the journal, name one with --journal: %w", err)
	}
	sum := sha256.Sum256([]byte(server))
	return filepath.Join(dir, "import-"+hex.EncodeToString(sum[:8])+".journal"), nil
}
