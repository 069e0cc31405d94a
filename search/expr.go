package search

import "strings"

// Expr is a node of the query tree. The set is closed: And, Or, Not, Chain, Has, Hierarchy and Member, and one criterion for each kind of
// parameter (Token, TokenSet, TokenText, Composite, String, Date, Number, Quantity, Reference, URI, Near, FullText, InList, Missing,
// IDs, Filter, Named). Engines compile it, Match evaluates it, rewriters change it.
//
// String gives the node as it stands in a query: "gender:not=male", "name=ann,bob&active=true".
type Expr interface {
	String() string
	expr()
}

// And is true when all of its parts are; the empty And is true.
type And []Expr

func (And) expr() {}

func (a And) String() string {
	parts := make([]string, len(a))
	for i, e := range a {
		parts[i] = e.String()
	}
	return strings.Join(parts, "&")
}

// criterion is what the criteria have in common.
type criterion struct {
	Param    *Param
	Modifier Modifier
	raw      []string // the alternatives as written, escapes included
}

func (criterion) expr() {}

func (c criterion) String() string {
	name := c.Param.Code
	if c.Modifier != "" {
		name += ":" + string(c.Modifier)
	}
	return encodeName(name) + "=" + encodeValue(strings.Join(c.raw, ","))
}

// Missing is ":missing=true|false".
type Missing struct {
	criterion
	Want bool
}

// Modifier is a code of http://hl7.org/fhir/search-modifier-code, or a resource type.
type Modifier string

// The modifiers.
const (
	ModMissing  Modifier = "missing"
	ModExact    Modifier = "exact"
	ModContains Modifier = "contains"
	ModNot      Modifier = "not"
	ModAbove    Modifier = "above"
	ModBelow    Modifier = "below"

	ModText       Modifier = "text"
	ModOfType     Modifier = "of-type"
	ModIdentifier Modifier = "identifier"
	ModIn         Modifier = "in"
	ModNotIn      Modifier = "not-in"
)

// Prefix is a prefix of http://hl7.org/fhir/R4/search.html#prefix.
type Prefix string

// The prefixes. An absent one is Equal.
const (
	Equal         Prefix = "eq"
	NotEqual      Prefix = "ne"
	Greater       Prefix = "gt"
	Less          Prefix = "lt"
	GreaterEqual  Prefix = "ge"
	LessEqual     Prefix = "le"
	StartsAfter   Prefix = "sa"
	EndsBefore    Prefix = "eb"
	Approximately Prefix = "ap"
)

// cutPrefix splits the prefix off a date, number or quantity.
func cutPrefix(s string) (Prefix, string) {
	if len(s) >= 2 {
		switch p := Prefix(s[:2]); p {
		case Equal, NotEqual, Greater, Less, GreaterEqual, LessEqual, StartsAfter, EndsBefore, Approximately:
			return p, s[2:]
		}
	}
	return Equal, s
}
