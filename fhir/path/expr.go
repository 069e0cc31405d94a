package path

import (
	"context"

	"andiron.dev/fhir/r4"
)

// Expr is a compiled expression. It is immutable and safe for concurrent use.
type Expr struct {
	src  string // positions in errors refer to it
	text string // canonical
	tree *node
	op   op
	compiler
}

// Option changes how an expression is compiled.
type Option func(*compiler)

// Context names the types that the focus may have, "Patient" or "Patient.contact". Knowing them makes an expression
// that does not begin with a type name faster, and lets Strict see more.
func Context(types ...string) Option {
	return func(c *compiler) { c.context = types }
}

// Strict refuses what can be seen to be a mistake (http://hl7.org/fhirpath/N1/#type-safety-and-strict-evaluation): an
// element that the type does not have, an order taken from children(), a criterion that cannot be true or false. It
// also makes "as" fail on several items, where it filters otherwise, as R4's own search parameters need it to.
func Strict() Option {
	return func(c *compiler) { c.strict = true }
}

// Compile reads an expression and prepares it for evaluation over the types of spec.
//
// The error is an Outcome with the code invalid that says what is wrong and where.
func Compile(spec *r4.Spec, src string, opts ...Option) (*Expr, error) {
	c := compiler{spec: spec}
	for _, opt := range opts {
		opt(&c)
	}
	tree, err := parse(src)
	if err != nil {
		return nil, outcome(src, err)
	}
	return c.expr(src, tree)
}

// expr compiles a tree, or a part of one, whose positions lie in src.
func (c compiler) expr(src string, tree *node) (*Expr, error) {
	this := anything()
	if len(c.context) > 0 {
		this = static{}
		for _, name := range c.context {
			this = this.union(typeStatic(typeByName(c.spec, name)))
		}
	}
	x, _, err := c.compile(tree, this)
	if err != nil {
		return nil, outcome(src, err)
	}
	return &Expr{src: src, text: tree.String(), tree: tree, op: x, compiler: c}, nil
}

// String is the expression in canonical form: equal text, equal meaning.
func (x *Expr) String() string { return x.text }

// Eval evaluates x on the focus with a new Evaluator. Errors are those of Evaluator.Eval.
func (x *Expr) Eval(ctx context.Context, env Env, focus Value) ([]Value, error) {
	return NewEvaluator(env).Eval(ctx, x, focus, nil)
}
