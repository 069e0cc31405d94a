package interaction

import "andiron.dev/fhir"

// safeNarrative sees to it that a patch leaves no narrative that says something else than the data
// (http://hl7.org/fhir/R4/http.html#patch: the server SHALL ensure that the narrative is not clinically unsafe). A narrative
// that was generated from the data is removed; one that says more than the data must be patched by the client too. It
// fails with BusinessRule where that was not done.
func safeNarrative(before, after *fhir.Resource) (*fhir.Resource, error) {
	text := after.Root().Get("text")
	if !text.Exists() || !fhir.Equal(before.Root().Get("text"), text) || sameData(before.Root(), after.Root()) && sameData(after.Root(), before.Root()) {
		return after, nil
	}
	switch text.Get("status").Text() {
	case "additional":
		return nil, fhir.NewOutcome(fhir.BusinessRule, "the narrative says more than the data (text.status is 'additional'), so a patch of the data has to change it as well", after.Type()+".text")
	case "empty":
		return after, nil
	}
	w := fhir.NewWriter(len(after.Body()))
	w.Object().Name("resourceType").String(after.Type()).Name("id").String(after.ID())
	for p := after.Root().First(); p.Exists(); p = p.Next() {
		switch p.Name() {
		case "resourceType", "id", "text":
		default:
			w.Name(p.Name()).Element(p)
		}
	}
	w.EndObject()
	return fhir.FromWriter(after.Type(), after.ID(), w), nil
}

// sameData reports whether b has all that a says, metadata and narrative aside.
func sameData(a, b fhir.Element) bool {
	for p := a.First(); p.Exists(); p = p.Next() {
		switch p.Name() {
		case "meta", "text":
		default:
			if !fhir.Equal(p, property(b, p.Name())) {
				return false
			}
		}
	}
	return true
}

// property is a property exactly as the JSON has it: "_birthDate" counts.
func property(e fhir.Element, name string) fhir.Element {
	for p := e.First(); p.Exists(); p = p.Next() {
		if p.Name() == name {
			return p
		}
	}
	return fhir.Element{}
}
