package path

import "strings"

// fhirFunction finds the functions of http://hl7.org/fhir/R4/fhirpath.html#functions that need nothing but the
// document, and hasExtension(), which R4 uses without defining it.
func fhirFunction(name string) (function, bool) {
	switch name {
	case "extension":
		return function{min: 1, max: 1, result: resultExtension, eval: extension}, true
	case "hasExtension":
		return function{min: 1, max: 1, result: resultBoolean, truth: hasExtension}, true
	case "hasValue":
		return function{result: resultBoolean, truth: hasValue}, true
	case "getValue":
		return function{eval: getValue}, true
	case "resolve":
		return function{eval: resolve}, true
	case "htmlChecks":
		return function{result: resultBoolean, truth: htmlChecks}, true
	case "checkModifiers":
		return function{max: 64, result: resultInput, eval: checkModifiers}, true
	}
	return function{}, false
}

// extension keeps the extensions of the given url.
func extension(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	url, ok, err := ev.text(c.args[0], c.pos)
	if err != nil {
		return err
	}
	if ok {
		steps := []step{{name: "extension"}}
		for i := mark; i < end; i++ {
			v := ev.stack[i]
			from := len(ev.stack)
			if err := ev.walk(&v, steps); err != nil {
				return err
			}
			kept := from
			for j := from; j < len(ev.stack); j++ {
				if ev.stack[j].node.Get("url").Text() == url {
					ev.stack[kept] = ev.stack[j]
					kept++
				}
			}
			ev.stack = ev.stack[:kept]
		}
	}
	ev.drop(mark, end)
	return nil
}

func hasExtension(ev *Evaluator, c *call, mark int) (truth, error) {
	if err := extension(ev, c, mark); err != nil {
		return isEmpty, err
	}
	return truthOf(len(ev.stack) > mark), nil
}

func hasValue(ev *Evaluator, _ *call, mark int) (truth, error) {
	return truthOf(len(ev.stack) == mark+1 && ev.stack[mark].hasValue()), nil
}

// getValue gives the System values of FHIR primitives.
func getValue(ev *Evaluator, _ *call, mark int) error {
	kept := mark
	for i := mark; i < len(ev.stack); i++ {
		if !ev.stack[i].hasValue() {
			continue
		}
		if v := ev.stack[i].system(); v.kind != Node {
			ev.stack[kept] = v
			kept++
		}
	}
	ev.stack = ev.stack[:kept]
	return nil
}

// checkModifiers fails where there is a modifier extension that is not among the arguments.
func checkModifiers(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	for _, arg := range c.args {
		if err := arg.eval(ev); err != nil {
			return err
		}
	}
	allowed := ev.stack[end:]
	for i := mark; i < end; i++ {
		if ev.stack[i].kind != Node {
			continue
		}
		for e := range ev.stack[i].node.Each("modifierExtension") {
			url := String(e.Get("url").Text())
			known, err := ev.contains(allowed, &url)
			if err != nil {
				return err
			}
			if !known {
				return faultAt(c.pos, "checkModifiers() found a modifier extension that it was not told of")
			}
		}
	}
	ev.stack = ev.stack[:end]
	return nil
}

// htmlChecks applies the rules for narrative (http://hl7.org/fhir/R4/narrative.html#rules). On anything but xhtml it
// gives nothing.
func htmlChecks(ev *Evaluator, c *call, mark int) (truth, error) {
	v, ok, err := c.single(ev, mark)
	if err != nil || !ok || !ev.stack[mark].is("xhtml") || v.kind != SystemString {
		return isEmpty, err
	}
	if err := ev.step(len(v.text) / 8); err != nil {
		return isEmpty, err
	}
	return truthOf(validNarrative(strings.TrimSpace(v.text))), nil
}
