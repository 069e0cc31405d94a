package audit

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// position is the place of an AuditEvent in the journal: of an entry, and of those of the entry. The zero position is before all.
type position struct {
	seq int64
	n   int
}

func (p position) String() string { return strconv.FormatInt(p.seq, 36) + "." + strconv.Itoa(p.n) }

// parsePosition reads what String has written. Only the server itself writes positions, so what is none is Invalid.
func parsePosition(text string) (position, error) {
	if text == "" {
		return position{}, nil
	}
	first, second, ok := strings.Cut(text, ".")
	seq, err := strconv.ParseInt(first, 36, 64)
	n, err2 := strconv.Atoi(second)
	if !ok || err != nil || err2 != nil || seq < 1 || n < 0 {
		return position{}, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server")
	}
	return position{seq, n}, nil
}
