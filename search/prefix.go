package search

// relation says how an indexed interval lies to the one that is asked for.
type relation struct {
	startsBefore, endsAfter bool // part of it lies before, after
	startsAfter, endsBefore bool // all of it does
}

// holds is the meaning of a prefix (http://hl7.org/fhir/R4/search.html#prefix), the same for dates, numbers and quantities.
func (p Prefix) holds(r relation) bool {
	within := !r.startsBefore && !r.endsAfter
	switch p {
	case NotEqual:
		return !within
	case Greater:
		return r.endsAfter
	case Less:
		return r.startsBefore
	case GreaterEqual:
		return r.endsAfter || within
	case LessEqual:
		return r.startsBefore || within
	case StartsAfter:
		return r.startsAfter
	case EndsBefore:
		return r.endsBefore
	case Approximately:
		return !r.startsAfter && !r.endsBefore
	}
	return within
}

// anyValue reports whether one of the values, of those that belong to the criterion, passes one of its tests.
func anyValue[V, T any](values []V, tests []T, belongs func(*V) bool, passes func(T, V) bool) bool {
	for i := range values {
		if !belongs(&values[i]) {
			continue
		}
		for _, test := range tests {
			if passes(test, values[i]) {
				return true
			}
		}
	}
	return false
}
