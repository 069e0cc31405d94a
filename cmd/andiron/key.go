package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// keyCommand administers the keys that secrets in the store are encrypted with. Servers go on meanwhile.
type keyCommand struct {
	List   keyListCommand   `cmd:"" help:"List the keys that secrets in the store are encrypted with."`
	Rotate keyRotateCommand `cmd:"" help:"Make a new key and put every secret in the store under it, while servers run."`
	Prune  keyPruneCommand  `cmd:"" help:"Forget the keys that no secret is under any more."`
}

// secretFlags say where the keys are. The keys themselves are never on the command line, where others could read them.
type secretFlags struct {
	SecretKeyFile string `help:"File with the keys that secrets in the store are encrypted with, readable by its owner only. The keys may stand in the environment variable ANDIRON_SECRET_KEY in its place; without both they are in secret.key in the store's folder, which is made when it is missing." placeholder:"FILE"`
}

// keys reads the keys for the store in a folder.
func (f *secretFlags) keys(dir string) (*secret.Keys, error) {
	return secret.Load(secret.Options{File: f.SecretKeyFile, Text: secret.Secret(os.Getenv("ANDIRON_SECRET_KEY")), Default: dir})
}

// sealedKinds are the kinds of records that hold secrets: authserver's and account's.
func sealedKinds() []string { return []string{"signing-key", "credential", "enrolment"} }

type sealedStore struct {
	storeFlags
	outputFlags
}

// with opens the store and its keys.
func (f *sealedStore) with(fn func(*store, *secret.Keys) error) (err error) {
	st, err := f.open()
	if err != nil {
		return fmt.Errorf("the store cannot be opened: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return plainly(fn(st, st.keys))
}

// keyReport is what the key commands print.
type keyReport struct {
	Where     string       `json:"where"`
	Keys      []secret.Key `json:"keys"`
	Added     string       `json:"added,omitempty"`
	Removed   []string     `json:"removed,omitempty"`
	Records   int          `json:"records"`
	Rewrapped int          `json:"rewrapped"`
	Lost      int          `json:"lost"`
}

// report tells of the keys and of what a walk through the store has found.
func report(k *secret.Keys, walk *secret.Rotation) (*keyReport, error) {
	list, err := k.List()
	if err != nil {
		return nil, err
	}
	for i := range list {
		list[i].Records = walk.Keys[list[i].ID]
	}
	r := &keyReport{Where: k.Where(), Keys: list, Records: walk.Records, Rewrapped: walk.Rewrapped, Lost: walk.Lost}
	if r.Where == "" {
		r.Where = "environment variable ANDIRON_SECRET_KEY"
	}
	return r, nil
}

func (r *keyReport) words(w io.Writer) {
	fmt.Fprintf(w, "keys in %s\n", r.Where)
	for _, k := range r.Keys {
		made, seals := "", ""
		if !k.Created.IsZero() {
			made = ", made " + k.Created.Format(time.DateOnly)
		}
		if k.Seals {
			seals = ", encrypts"
		}
		fmt.Fprintf(w, "  %s  %d records%s%s\n", k.ID, k.Records, made, seals)
	}
	if r.Added != "" || r.Rewrapped > 0 {
		fmt.Fprintf(w, "%d of %d records were put under the newest key\n", r.Rewrapped, r.Records)
	}
	if len(r.Removed) > 0 {
		fmt.Fprintf(w, "forgotten: %s\n", strings.Join(r.Removed, ", "))
	}
}

// lost is the error for secrets that cannot be read any more.
func (r *keyReport) lost() error {
	if r.Lost == 0 {
		return nil
	}
	return fmt.Errorf("%d records hold secrets whose key is not there", r.Lost)
}

type keyListCommand struct{ sealedStore }

// Run lists the keys, with how many records each has.
func (c *keyListCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(func(st *store, k *secret.Keys) error {
		walk, err := k.Count(ctx, st, sealedKinds()...)
		if err != nil {
			return err
		}
		r, err := report(k, walk)
		if err != nil {
			return err
		}
		return errors.Join(c.print(t.out, r, r.words), r.lost())
	})
}

type keyRotateCommand struct{ sealedStore }

// Run makes a new key and puts everything under it. Keys that come from the environment are made by whoever sets it: then the newest of
// them is what everything is put under.
func (c *keyRotateCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(func(st *store, k *secret.Keys) (err error) {
		added := ""
		if k.Where() != "" {
			if added, err = k.Add(); err != nil {
				return err
			}
		}
		if err := told(ctx, st, "secret-rotate"); err != nil {
			return err
		}
		walk, err := k.Rotate(ctx, st, sealedKinds()...)
		if err != nil {
			return err
		}
		r, err := report(k, walk)
		if err != nil {
			return err
		}
		r.Added = added
		return errors.Join(c.print(t.out, r, r.words), r.lost())
	})
}

// told enters what was done to the keys in the audit trail.
func told(ctx context.Context, st *store, what string) error {
	e := &audit.Event{Time: time.Now(), Kind: audit.Admin, Subtype: what, Subject: "system"}
	return st.Update(ctx, nil, func(tx fhir.Tx) error { return tx.Append(ctx, e.Entry()) })
}

type keyPruneCommand struct{ sealedStore }

// settled is how long a key must have been replaced before it may be forgotten: a server may have sealed something with it just before,
// and commit it yet.
const settled = time.Hour

// Run forgets the keys that nothing is under, if they were replaced long enough ago.
func (c *keyPruneCommand) Run(ctx context.Context, t *terminal) error {
	return c.with(func(st *store, k *secret.Keys) error {
		walk, err := k.Count(ctx, st, sealedKinds()...)
		if err != nil {
			return err
		}
		list, err := k.List()
		if err != nil {
			return err
		}
		var gone []string
		for i := 0; i+1 < len(list); i++ {
			if replaced := list[i+1].Created; walk.Keys[list[i].ID] == 0 && !replaced.IsZero() && time.Since(replaced) > settled {
				gone = append(gone, list[i].ID)
			}
		}
		if len(gone) > 0 {
			if err := k.Remove(gone...); err != nil {
				return err
			}
			if err := told(ctx, st, "secret-prune"); err != nil {
				return err
			}
		}
		r, err := report(k, walk)
		if err != nil {
			return err
		}
		r.Removed = gone
		return errors.Join(c.print(t.out, r, r.words), r.lost())
	})
}
