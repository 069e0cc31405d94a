package path

import (
	"math"

	"github.com/cockroachdb/apd/v3"
)

// arithmetic is +, -, *, /, div, mod (http://hl7.org/fhirpath/N1/#math). What overflows, and division by zero, is empty.
type arithmetic struct {
	operands
	operator string
}

func (x *arithmetic) eval(ev *Evaluator) error {
	l, r, ok, err := x.singles(ev)
	if err != nil || !ok {
		return err
	}
	var v Value
	switch {
	case l.kind == SystemInteger && r.kind == SystemInteger && x.operator != "/":
		v, ok = integers(x.operator, int64(l.num), int64(r.num))
	case l.numeric() && r.numeric():
		v, ok = decimals(x.operator, &l, &r)
	case x.operator == "+" && l.kind == SystemString && r.kind == SystemString:
		return ev.concatenate(l.text, r.text)
	case (l.dated() || l.kind == SystemTime) && r.kind == SystemQuantity && (x.operator == "+" || x.operator == "-"):
		v, ok, err = shift(&l, &r, x.operator == "-", x.pos)
	case l.kind == SystemQuantity || r.kind == SystemQuantity:
		v, ok, err = ev.quantities(x.operator, &l, &r, x.pos)
	default:
		return faultAt(x.pos, "%s is not defined for these types", x.operator)
	}
	if err != nil || !ok {
		return err
	}
	return ev.push(v)
}

func integers(operator string, a, b int64) (Value, bool) {
	var i int64
	switch operator {
	case "+":
		i = a + b
	case "-":
		i = a - b
	case "*":
		i = a * b
	default:
		if b == 0 {
			return Value{}, false
		}
		if i = a / b; operator == "mod" {
			i = a % b
		}
	}
	return Integer(int32(i)), i >= math.MinInt32 && i <= math.MaxInt32
}

func decimals(operator string, l, r *Value) (Value, bool) {
	a, okA := l.Decimal()
	b, okB := r.Decimal()
	if !okA || !okB {
		return Value{}, false
	}
	d, ok := calculate(operator, a, b)
	if !ok {
		return Value{}, false
	}
	if operator == "div" {
		if i, ok := integer(d); ok {
			return i, true
		}
	}
	return decimal(d)
}

// calculate applies an operator to two numbers.
func calculate(operator string, a, b *apd.Decimal) (*apd.Decimal, bool) {
	d := new(apd.Decimal)
	var err error
	switch operator {
	case "+":
		_, err = exact().Add(d, a, b)
	case "-":
		_, err = exact().Sub(d, a, b)
	case "*":
		_, err = exact().Mul(d, a, b)
	default:
		if b.IsZero() {
			return nil, false
		}
		switch operator {
		case "/":
			return quotient(a, b)
		case "div":
			_, err = exact().QuoInteger(d, a, b)
		case "mod":
			_, err = exact().Rem(d, a, b)
		}
	}
	return d, err == nil && d.Form == apd.Finite
}

// concatenation is & (http://hl7.org/fhirpath/N1/#string-concatenation): empty counts as ”.
type concatenation struct{ operands }

func (x *concatenation) eval(ev *Evaluator) error {
	l, _, err := ev.text(x.left, x.pos)
	if err != nil {
		return err
	}
	r, _, err := ev.text(x.right, x.pos)
	if err != nil {
		return err
	}
	return ev.concatenate(l, r)
}

func (ev *Evaluator) concatenate(l, r string) error {
	if err := ev.produce(len(l) + len(r)); err != nil {
		return err
	}
	return ev.push(String(l + r))
}
