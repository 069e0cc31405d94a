package path

// nodeKind says what a node of the syntax tree is.
type nodeKind uint8

const (
	nodeEmpty    nodeKind = iota // {}
	nodeLiteral                  // value
	nodeVariable                 // %text
	nodeSpecial                  // $text
	nodeMember                   // base.text, or text alone
	nodeCall                     // base.text(args), or text(args) alone
	nodeIndex                    // base[args[0]]
	nodePolarity                 // text args[0], text is + or -
	nodeBinary                   // base text args[0]
	nodeType                     // base text names, text is "is" or "as"
)

// node is a node of the syntax tree. Parentheses leave no trace in it: the precedence says where they belong.
type node struct {
	kind  nodeKind
	pos   int // of the token that names the node
	depth int // of the tree below, itself included
	text  string
	names []string // of a type specifier: FHIR, Patient
	value Value
	base  *node // receiver or left operand; nil where $this is meant
	args  []*node
}

// The levels of http://hl7.org/fhirpath/N1/#operator-precedence, binding more tightly the higher they are.
const (
	levelImplies = iota + 1
	levelOr
	levelAnd
	levelMembership
	levelEquality
	levelInequality
	levelUnion
	levelType
	levelAdditive
	levelMultiplicative
	levelPolarity
	levelTerm
)

// binaryLevel is the level of a binary operator or type operator; 0 for what is none.
func binaryLevel(operator string) int {
	switch operator {
	case "implies":
		return levelImplies
	case "or", "xor":
		return levelOr
	case "and":
		return levelAnd
	case "in", "contains":
		return levelMembership
	case "=", "~", "!=", "!~":
		return levelEquality
	case "<", "<=", ">", ">=":
		return levelInequality
	case "|":
		return levelUnion
	case "is", "as":
		return levelType
	case "+", "-", "&":
		return levelAdditive
	case "*", "/", "div", "mod":
		return levelMultiplicative
	}
	return 0
}

// reserved reports whether a word cannot be an identifier unless it is delimited.
func reserved(word string) bool {
	switch word {
	case "and", "or", "xor", "implies", "div", "mod", "true", "false":
		return true
	}
	return false
}

// calendarUnit reports whether a word is a unit of time that needs no quotes.
func calendarUnit(word string) bool {
	switch word {
	case "year", "month", "week", "day", "hour", "minute", "second", "millisecond",
		"years", "months", "weeks", "days", "hours", "minutes", "seconds", "milliseconds":
		return true
	}
	return false
}
