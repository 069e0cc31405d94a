package path

import (
	"strings"

	"andiron.dev/fhir"
)

// hookFunction finds the functions of http://hl7.org/fhir/R4/fhirpath.html#functions that need to know more than the
// document: profiles, value sets, code systems. Without a hook that knows, they give nothing.
func hookFunction(name string) (function, bool) {
	switch name {
	case "conformsTo":
		return function{min: 1, max: 1, result: resultBoolean, truth: conformsTo}, true
	case "memberOf":
		return function{min: 1, max: 1, result: resultBoolean, truth: memberOf}, true
	case "subsumes":
		return function{min: 1, max: 1, result: resultBoolean, truth: subsumes(false)}, true
	case "subsumedBy":
		return function{min: 1, max: 1, result: resultBoolean, truth: subsumes(true)}, true
	case "elementDefinition":
		// The definition would have to be a node of a document that does not exist.
		return function{eval: func(ev *Evaluator, _ *call, mark int) error {
			ev.stack = ev.stack[:mark]
			return nil
		}}, true
	case "slice":
		return function{min: 2, max: 2, eval: func(_ *Evaluator, c *call, _ int) error {
			return &fault{code: fhir.NotSupported, pos: c.pos, text: "slice() is not supported"}
		}}, true
	}
	return function{}, false
}

func conformsTo(ev *Evaluator, c *call, mark int) (truth, error) {
	v, url, ok, err := c.judged(ev, mark)
	if err != nil || !ok {
		return isEmpty, err
	}
	if name, ok := strings.CutPrefix(url, "http://hl7.org/fhir/StructureDefinition/"); ok && v.kind == Node && v.typ != nil {
		if typ := typeByName(scopeSpec(v.scope), name); typ != nil {
			return truthOf(v.typ.Is(name)), nil
		}
	}
	return ev.judge(ev.env.ConformsTo, v, url)
}

func memberOf(ev *Evaluator, c *call, mark int) (truth, error) {
	v, url, ok, err := c.judged(ev, mark)
	if err != nil || !ok {
		return isEmpty, err
	}
	return ev.judge(ev.env.MemberOf, v, url)
}

// judged is the single item of the input, unconverted, and the argument.
func (c *call) judged(ev *Evaluator, mark int) (v Value, url string, ok bool, err error) {
	if err = c.atMostOne(ev, mark); err != nil || len(ev.stack) == mark {
		return v, "", false, err
	}
	v = ev.stack[mark]
	url, ok, err = ev.text(c.args[0], c.pos)
	return v, url, ok, err
}

func (ev *Evaluator) judge(j Judge, v Value, url string) (truth, error) {
	if j == nil {
		return isEmpty, nil
	}
	result, known, err := j(ev.ctx, v, url)
	if err != nil || !known {
		return isEmpty, err
	}
	return truthOf(result), nil
}

// subsumes makes subsumes(), and subsumedBy() by exchanging the two codes.
func subsumes(exchange bool) func(*Evaluator, *call, int) (truth, error) {
	return func(ev *Evaluator, c *call, mark int) (truth, error) {
		if err := c.atMostOne(ev, mark); err != nil || len(ev.stack) == mark {
			return isEmpty, err
		}
		v := ev.stack[mark]
		other, ok, err := ev.single(c.args[0], c.pos)
		if err != nil || !ok || ev.env.Subsumes == nil {
			return isEmpty, err
		}
		if exchange {
			v, other = other, v
		}
		result, known, err := ev.env.Subsumes(ev.ctx, v, other)
		if err != nil || !known {
			return isEmpty, err
		}
		return truthOf(result), nil
	}
}
