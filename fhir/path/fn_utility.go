package path

import (
	"time"
)

// utilityFunction finds trace(), now(), today(), timeOfDay() (http://hl7.org/fhirpath/N1/#utility-functions), type()
// (http://hl7.org/fhirpath/N1/#reflection), and sort() of a later release.
func utilityFunction(name string) (function, bool) {
	switch name {
	case "trace":
		return function{min: 1, max: 2, lambda: true, result: resultInput, eval: trace}, true
	case "now":
		return function{eval: instant(SystemDateTime)}, true
	case "today":
		return function{eval: instant(SystemDate)}, true
	case "timeOfDay":
		return function{eval: instant(SystemTime)}, true
	case "type":
		return function{result: resultTypeInfo, eval: typeOf}, true
	case "sort":
		return function{max: 8, lambda: true, result: resultInput, eval: sortBy}, true
	}
	return function{}, false
}

// trace hands the input, or what the selector makes of it, to Env.Trace and passes it on.
func trace(ev *Evaluator, c *call, mark int) error {
	name, _, err := ev.text(c.args[0], c.pos)
	if err != nil || ev.env.Trace == nil {
		return err
	}
	end := len(ev.stack)
	if len(c.args) == 1 {
		ev.env.Trace(name, ev.stack[mark:end:end])
		return nil
	}
	if err := ev.iterate(mark, end, func(int) error { return c.args[1].eval(ev) }); err != nil {
		return err
	}
	ev.env.Trace(name, ev.stack[end:len(ev.stack):len(ev.stack)])
	ev.stack = ev.stack[:end]
	return nil
}

// instant makes a function that gives the time of the evaluation, to the millisecond.
func instant(kind Kind) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, _ *call, mark int) error {
		t := ev.clock()
		_, offset := t.Zone()
		m := moment{precision: toSecond, digits: 3, zoned: kind == SystemDateTime, offset: offset / 60}
		m.setTime(t.Truncate(time.Millisecond))
		if kind == SystemDate {
			m.precision, m.digits = toDay, 0
		}
		return ev.replace(mark, temporal(kind, m))
	}
}
