package path

import "unicode/utf8"

// Bounds of an expression, so that neither its tree nor its evaluation can exhaust the stack.
const (
	maxLength  = 64 << 10 // bytes of text
	maxDepth   = 400      // levels of the tree; a union of n terms has n
	maxNesting = 100      // parentheses, brackets, arguments and signs inside each other
)

// parser reads the grammar of http://hl7.org/fhirpath/N1/grammar.html by precedence climbing.
type parser struct {
	lexer   lexer
	token   token // the next one, not yet consumed
	nesting int
}

// parse reads one expression, which must be all of src. Its error is a *fault.
func parse(src string) (*node, error) {
	if len(src) > maxLength {
		return nil, faultAt(-1, "the expression has %d bytes; at most %d are accepted", len(src), maxLength)
	}
	if !utf8.ValidString(src) {
		return nil, faultAt(-1, "the expression is not valid UTF-8")
	}
	p := parser{lexer: lexer{src: src}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	n, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.token.kind != tokEnd {
		return nil, p.unexpected("the end of the expression")
	}
	return n, nil
}

func (p *parser) advance() (err error) {
	p.token, err = p.lexer.next()
	return err
}

func (p *parser) unexpected(wanted string) error {
	if p.token.kind == tokEnd {
		return faultAt(p.token.pos, "the expression ends where %s was expected", wanted)
	}
	return faultAt(p.token.pos, "%s was expected here", wanted)
}

func (p *parser) symbol(s string) bool {
	return p.token.kind == tokSymbol && p.token.text == s
}

// expect consumes a symbol.
func (p *parser) expect(s string) error {
	if !p.symbol(s) {
		return p.unexpected("'" + s + "'")
	}
	return p.advance()
}

// make finishes a node: it computes its depth.
func (p *parser) make(n *node) (*node, error) {
	if n.base != nil {
		n.depth = n.base.depth
	}
	for _, arg := range n.args {
		n.depth = max(n.depth, arg.depth)
	}
	n.depth++
	if n.depth > maxDepth {
		return nil, faultAt(n.pos, "the expression is nested too deeply")
	}
	return n, nil
}

// expression reads operators of at least the given level and their operands.
func (p *parser) expression(level int) (*node, error) {
	if p.nesting++; p.nesting > maxNesting {
		return nil, faultAt(p.token.pos, "the expression is nested too deeply")
	}
	defer func() { p.nesting-- }()
	left, err := p.polarity()
	for err == nil {
		operator := p.token
		if operator.kind != tokSymbol && operator.kind != tokIdentifier {
			return left, nil
		}
		l := binaryLevel(operator.text)
		if l == 0 || l < level {
			return left, nil
		}
		if err = p.advance(); err != nil {
			return nil, err
		}
		n := &node{kind: nodeBinary, pos: operator.pos, text: operator.text, base: left}
		if l == levelType {
			n.kind = nodeType
			n.names, err = p.typeSpecifier()
		} else {
			var right *node
			right, err = p.expression(l + 1)
			n.args = []*node{right}
		}
		if err == nil {
			left, err = p.make(n)
		}
	}
	return nil, err
}

// polarity reads + and - before a term.
func (p *parser) polarity() (*node, error) {
	if !p.symbol("+") && !p.symbol("-") {
		return p.invocations()
	}
	sign := p.token
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.nesting++; p.nesting > maxNesting {
		return nil, faultAt(sign.pos, "the expression is nested too deeply")
	}
	defer func() { p.nesting-- }()
	operand, err := p.polarity()
	if err != nil {
		return nil, err
	}
	return p.make(&node{kind: nodePolarity, pos: sign.pos, text: sign.text, args: []*node{operand}})
}

// typeSpecifier reads a qualified identifier.
func (p *parser) typeSpecifier() ([]string, error) {
	var names []string
	for {
		if !p.identifier() {
			return nil, p.unexpected("the name of a type")
		}
		names = append(names, p.token.text)
		if err := p.advance(); err != nil {
			return nil, err
		}
		if !p.symbol(".") {
			return names, nil
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
	}
}

// identifier reports whether the next token is one.
func (p *parser) identifier() bool {
	return p.token.kind == tokDelimited || p.token.kind == tokIdentifier && !reserved(p.token.text)
}
