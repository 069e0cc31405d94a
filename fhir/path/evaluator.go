package path

import (
	"context"
	"time"
)

// Evaluator evaluates expressions, reusing its memory from one to the next. It serves one goroutine at a time, and not
// the hooks of its own Env; an Expr serves any number.
type Evaluator struct {
	env    Env
	limits Limits
	ctx    context.Context

	stack []Value // every operation pushes its result here, above what its callers have left
	fuel  int     // steps until the context is looked at again
	steps int     // steps that are allowed after that
	bytes int     // of text that are allowed

	context Value   // %context
	this    Value   // $this
	index   int32   // $index; -1 outside an iteration
	total   []Value // $total

	now      time.Time
	patterns map[string]*pattern // those that are not literals
}

// NewEvaluator makes an Evaluator.
func NewEvaluator(env Env) *Evaluator {
	return &Evaluator{env: env, limits: env.Limits.orDefault()}
}

// Eval evaluates x on the focus and appends the result to dst, which may be nil.
//
// The error is an Outcome: invalid where the expression cannot be applied to the focus, too-costly where a limit was
// reached, timeout where ctx ended; or what a hook has returned.
func (ev *Evaluator) Eval(ctx context.Context, x *Expr, focus Value, dst []Value) ([]Value, error) {
	ev.start(ctx, focus)
	if err := x.op.eval(ev); err != nil {
		return dst, outcome(x.src, err)
	}
	return append(dst, ev.stack...), nil
}

// Test evaluates x as a criterion: whether its result is true as http://hl7.org/fhirpath/N1/#singleton-evaluation
// has it. An empty result is false. Errors are those of Eval.
func (ev *Evaluator) Test(ctx context.Context, x *Expr, focus Value) (bool, error) {
	ev.start(ctx, focus)
	t, err := ev.truth(x.op, 0)
	return t == isTrue, outcome(x.src, err)
}

func (ev *Evaluator) start(ctx context.Context, focus Value) {
	ev.ctx, ev.context, ev.this, ev.index, ev.total = ctx, focus, focus, -1, nil
	if cap(ev.stack) > keptItems {
		ev.stack = nil
	}
	ev.stack = ev.stack[:0]
	ev.fuel, ev.steps, ev.bytes = 0, ev.limits.Steps, ev.limits.Bytes
	ev.now = time.Time{}
}

// keptItems is how large a stack is kept for the next evaluation: about a megabyte.
const keptItems = 1 << 14

func (ev *Evaluator) push(v Value) error {
	if len(ev.stack) >= ev.limits.Items {
		return tooCostly("the evaluation gathers more values than are allowed")
	}
	ev.stack = append(ev.stack, v)
	return ev.step(1)
}

func (ev *Evaluator) pushBool(b bool) error { return ev.push(Bool(b)) }

// pushText pushes a string that was made here, and pays for it.
func (ev *Evaluator) pushText(s string) error {
	if err := ev.produce(len(s)); err != nil {
		return err
	}
	return ev.push(String(s))
}

// replace drops all above mark and pushes v.
func (ev *Evaluator) replace(mark int, v Value) error {
	ev.stack = ev.stack[:mark]
	return ev.push(v)
}

// drop moves what lies above from down to mark, over what lay between.
func (ev *Evaluator) drop(mark, from int) {
	n := copy(ev.stack[mark:], ev.stack[from:])
	ev.stack = ev.stack[:mark+n]
}

// clock is the time of the evaluation: one, however often it is asked for.
func (ev *Evaluator) clock() time.Time {
	if ev.now.IsZero() {
		if ev.env.Now != nil {
			ev.now = ev.env.Now()
		} else {
			ev.now = time.Now()
		}
	}
	return ev.now
}

// iterate runs body once with each value that lies between mark and end as $this.
func (ev *Evaluator) iterate(mark, end int, body func(i int) error) error {
	this, index := ev.this, ev.index
	for i := mark; i < end; i++ {
		ev.this, ev.index = ev.stack[i], int32(i-mark)
		if err := ev.step(1); err != nil {
			return err
		}
		if err := body(i); err != nil {
			return err
		}
	}
	ev.this, ev.index = this, index
	return nil
}
