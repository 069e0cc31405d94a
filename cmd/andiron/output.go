package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"andiron.dev/fhir"
	"golang.org/x/term"
)

// outputFlags say how a command of administration answers: in words to people, as one JSON object to programs.
type outputFlags struct {
	JSON bool `name:"json" help:"Print a JSON object, which is what happens anyway when the output is no terminal."`
}

// print writes v as JSON, or what words says of it.
func (f *outputFlags) print(out io.Writer, v any, words func(io.Writer)) error {
	if file, ok := out.(*os.File); ok && !f.JSON && term.IsTerminal(int(file.Fd())) {
		words(out)
		return nil
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(v)
}

// plainly makes of an outcome what belongs on a command line: a mistake in the arguments where it is one.
func plainly(err error) error {
	var o *fhir.Outcome
	if !errors.As(err, &o) || len(o.Issues) == 0 {
		return err
	}
	text := o.Issues[0].Text
	switch o.Code() {
	case fhir.Invalid, fhir.Duplicate, fhir.NotFound:
		if at := o.Issues[0].Expression; len(at) > 0 {
			text = flagOf(at[0]) + text
		}
		return errors.New(text)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// flagOf names the flag for a property, where there is one.
func flagOf(property string) string {
	switch property {
	case "type", "status":
		return ""
	case "jwks":
		return "--jwks: "
	}
	return "--" + strings.TrimSuffix(strings.ReplaceAll(property, "_", "-"), "s") + ": "
}
