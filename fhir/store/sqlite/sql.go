package sqlite

import (
	"strings"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
)

// statement is SQL under construction, with its arguments in the order of their question marks. Whatever a client can choose is
// an argument, never text.
type statement struct {
	text strings.Builder
	args []any
}

func sql(text string, args ...any) *statement { return (&statement{}).add(text, args...) }

func (s *statement) add(text string, args ...any) *statement {
	s.text.WriteString(text)
	s.args = append(s.args, args...)
	return s
}

func (s *statement) include(other *statement) *statement { return s.add(other.String(), other.args...) }

func (s *statement) String() string { return s.text.String() }

// id is a logical id among the arguments of a statement.
type id string

// blob is a sortable instant among the arguments of a statement.
type blob string

// maxArguments is how many arguments SQLite takes.
const maxArguments = 32766

func (s *statement) bind(stmt *sqlite.Stmt) error {
	if len(s.args) > maxArguments {
		return fhir.NewOutcome(fhir.TooCostly, "the search has too many values")
	}
	for i, arg := range s.args {
		bindArgument(stmt, i+1, arg)
	}
	return nil
}

func bindArgument(stmt *sqlite.Stmt, param int, arg any) {
	switch v := arg.(type) {
	case int64:
		stmt.BindInt64(param, v)
	case int:
		stmt.BindInt64(param, int64(v))
	case string:
		stmt.BindText(param, v)
	case id:
		bindID(stmt, param, string(v))
	case float64:
		stmt.BindFloat(param, v)
	case blob:
		stmt.BindBytes(param, []byte(v))
	}
}

// marks gives n question marks.
func marks(n int) string {
	return strings.TrimSuffix(strings.Repeat("?,", n), ",")
}

// anyOf joins alternatives with OR. SQLite limits the depth of expressions, so it builds a balanced tree of them.
func anyOf(alternatives []string) string {
	switch n := len(alternatives); n {
	case 0:
		return "0"
	case 1:
		return "(" + alternatives[0] + ")"
	default:
		return "(" + anyOf(alternatives[:n/2]) + " OR " + anyOf(alternatives[n/2:]) + ")"
	}
}

// allOf joins conditions with AND, likewise.
func allOf(conditions []*statement) *statement {
	switch n := len(conditions); n {
	case 0:
		return sql("1")
	case 1:
		return conditions[0]
	default:
		return sql("(").include(allOf(conditions[:n/2])).add(" AND ").include(allOf(conditions[n/2:])).add(")")
	}
}
