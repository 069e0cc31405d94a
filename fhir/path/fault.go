package path

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"andiron.dev/fhir"
)

// fault is what went wrong inside the package. Only the outermost call knows the text of the expression, so the
// position becomes words there (see outcome).
type fault struct {
	code fhir.IssueType
	pos  int // byte offset in the expression; -1 when there is no place to name
	text string
	err  error // for the log only
}

func (f *fault) Error() string { return f.text }

func faultAt(pos int, format string, args ...any) error {
	return &fault{code: fhir.Invalid, pos: pos, text: fmt.Sprintf(format, args...)}
}

func tooCostly(text string) error {
	return &fault{code: fhir.TooCostly, pos: -1, text: text}
}

func cancelled(ctx context.Context) error {
	return &fault{code: fhir.Timeout, pos: -1, text: "the evaluation was stopped before it came to an end", err: context.Cause(ctx)}
}

// outcome turns an error of this package into the Outcome that callers see. An Outcome of a hook passes unchanged.
func outcome(src string, err error) error {
	if err == nil {
		return nil
	}
	f, ok := err.(*fault)
	if !ok {
		return fhir.AsOutcome(err)
	}
	text := "FHIRPath: " + f.text
	if f.pos >= 0 && f.pos <= len(src) {
		text += " (" + place(src, f.pos) + ")"
	}
	o := fhir.NewOutcome(f.code, text)
	if f.err != nil {
		return o.WithCause(f.err)
	}
	return o
}

// place says where a byte offset is, counted in characters from 1, with the line only where there are several.
func place(src string, pos int) string {
	before := src[:pos]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	if strings.Contains(src, "\n") {
		return fmt.Sprintf("line %d, column %d", line, column)
	}
	return fmt.Sprintf("column %d", column)
}
