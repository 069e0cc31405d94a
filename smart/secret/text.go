package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Secret is text that is not to be seen: whatever prints it, as text, as JSON or in a log, prints "(hidden)". string(s) is the text
// itself.
type Secret string

const hidden = "(hidden)"

var (
	_ fmt.Stringer   = Secret("")
	_ fmt.GoStringer = Secret("")
	_ fmt.Formatter  = Secret("")
	_ json.Marshaler = Secret("")
	_ slog.LogValuer = Secret("")
)

// String implements fmt.Stringer.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return s.quoted() }

// Format implements fmt.Formatter: verbs such as %x would print the text.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'q' || verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, s.quoted())
		return
	}
	_, _ = io.WriteString(f, s.String())
}

func (s Secret) quoted() string { return `"` + s.String() + `"` }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(s.quoted()), nil }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
