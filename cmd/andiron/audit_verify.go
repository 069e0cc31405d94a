package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"andiron.dev/smart/audit"
)

type auditVerifyCommand struct {
	storeFlags
	outputFlags
	Anchor string `help:"What a former run said the last entry was. Entries that were cut off the end leave no other trace." placeholder:"NUMBER:HASH"`
}

// Run tells the first entry that is broken, and exits with 1 if there is one.
func (c *auditVerifyCommand) Run(ctx context.Context, t *terminal) error {
	if _, _, err := parseAnchor(c.Anchor); c.Anchor != "" && err != nil {
		return &usageError{[]string{err.Error()}}
	}
	return c.trail(func(st *store, _ *audit.Trail) error {
		found, err := examine(ctx, st, c.Anchor)
		if err != nil {
			return err
		}
		if err := c.print(t.out, found, func(w io.Writer) { fmt.Fprintln(w, found) }); err != nil {
			return err
		}
		if !found.sound() {
			return &exitError{1}
		}
		return nil
	})
}

// parseAnchor reads "17:9f86…".
func parseAnchor(text string) (seq int64, hash string, err error) {
	number, hash, ok := strings.Cut(text, ":")
	seq, err = strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || seq < 1 || len(hash) != 64 {
		return 0, "", fmt.Errorf("--anchor %q is not NUMBER:HASH, as verify prints them", text)
	}
	return seq, strings.ToLower(hash), nil
}
