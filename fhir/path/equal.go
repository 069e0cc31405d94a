package path

import "andiron.dev/fhir"

// equal is = for two items.
func (ev *Evaluator) equal(a, b *Value) (truth, error) {
	if err := ev.step(1); err != nil {
		return isEmpty, err
	}
	if a.kind == Node && b.kind == Node && a.node == b.node {
		return isTrue, nil // partial dates aside, what is one thing equals itself
	}
	x, y := a.system(), b.system()
	if x.kind == Node || y.kind == Node {
		if x.kind != y.kind {
			return isFalse, nil
		}
		same, err := ev.deepEqual(x.node, y.node)
		return truthOf(same), err
	}
	if len(x.text) == len(y.text) {
		if err := ev.read(len(x.text)); err != nil {
			return isEmpty, err
		}
	}
	return ev.equalSystem(&x, &y), nil
}

// equalSystem compares System values, after the implicit conversions of http://hl7.org/fhirpath/N1/#conversion.
func (ev *Evaluator) equalSystem(x, y *Value) truth {
	switch {
	case x.kind == SystemQuantity || y.kind == SystemQuantity:
		p, ok := x.asQuantity()
		q, ok2 := y.asQuantity()
		if !ok || !ok2 {
			return isFalse
		}
		order, ok := ev.compareQuantities(&p, &q)
		if !ok {
			return isEmpty
		}
		return truthOf(order == 0)
	case x.numeric() && y.numeric():
		order, ok := compareNumeric(x, y)
		return truthOf(ok && order == 0)
	case x.dated() && y.dated():
		return equalMoments(x, y)
	case x.kind != y.kind:
		return isFalse
	case x.kind == SystemBoolean:
		return truthOf(x.flag == y.flag)
	case x.kind == SystemTime:
		return equalMoments(x, y)
	}
	return truthOf(x.text == y.text)
}

func (v *Value) numeric() bool { return v.kind == SystemInteger || v.kind == SystemDecimal }

func (v *Value) dated() bool { return v.kind == SystemDate || v.kind == SystemDateTime }

// compareNumeric orders Integers and Decimals.
func compareNumeric(x, y *Value) (int, bool) {
	if x.kind == SystemInteger && y.kind == SystemInteger {
		return compareInt(int64(x.num), int64(y.num)), true
	}
	a, _ := x.asString()
	b, _ := y.asString()
	return compareNumbers(a, b)
}

// equalMoments is empty where the precisions differ and what both have is the same.
func equalMoments(x, y *Value) truth {
	if x.text == y.text {
		return isTrue
	}
	order, ok := compareTemporal(x, y)
	if !ok {
		return isEmpty
	}
	return truthOf(order == 0)
}

// deepEqual compares complex elements property by property, wherever these stand; numbers by value.
func (ev *Evaluator) deepEqual(a, b fhir.Element) (bool, error) {
	if err := ev.step(1); err != nil {
		return false, err
	}
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false, nil
	}
	switch a.Kind() {
	case fhir.Object:
		for p := a.First(); p.Exists(); p = p.Next() {
			same, err := ev.deepEqual(p, property(b, p.Name()))
			if err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case fhir.Array:
		for p, q := a.First(), b.First(); p.Exists(); p, q = p.Next(), q.Next() {
			same, err := ev.deepEqual(p, q)
			if err != nil || !same {
				return false, err
			}
		}
		return true, nil
	case fhir.Number:
		order, ok := compareNumbers(a.Raw(), b.Raw())
		return ok && order == 0 || a.Raw() == b.Raw(), nil
	case fhir.Absent:
		return ev.equalCompanions(a, b)
	}
	return a.Text() == b.Text(), nil
}

// property finds a property by the name that JSON has, "_family" included, without the merging of Get.
func property(e fhir.Element, name string) fhir.Element {
	for p := e.First(); p.Exists(); p = p.Next() {
		if p.Name() == name {
			return p
		}
	}
	return fhir.Element{}
}

// equalCompanions compares primitives that have no value.
func (ev *Evaluator) equalCompanions(a, b fhir.Element) (bool, error) {
	if a.Get("id").Text() != b.Get("id").Text() {
		return false, nil
	}
	x, y := a.Get("extension"), b.Get("extension")
	if !x.Exists() || !y.Exists() {
		return x.Exists() == y.Exists() && a.Exists() == b.Exists(), nil
	}
	return ev.deepEqual(x, y)
}
