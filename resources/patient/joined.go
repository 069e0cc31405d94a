package patient

import "andiron.dev/fhir"

// givenUp is the source as it will be: inactive, and linked to the target.
func (j *joining) givenUp(source, target *fhir.Resource) (*fhir.Resource, error) {
	d := draftResource(source)
	d.set("active", false)
	d.add("link", object{"other": reference(target.Reference()), "type": "replaced-by"})
	return d.resource()
}

// result is the target as it will be: as result-patient has it, or as it is with a link and the source's identifiers. Errors: Invalid for a
// result-patient that does not go with the two.
func (j *joining) result(source, target *fhir.Resource) (*fhir.Resource, error) {
	given := j.req.Input.Get("result-patient").Value
	if given.Exists() {
		return j.checked(given, source, target)
	}
	d := draftResource(target)
	if !linksTo(target.Root(), "replaces", source.ID(), j.base) {
		d.add("link", object{"other": reference(source.Reference()), "type": "replaces"})
	}
	had := make(map[identifier]bool)
	for _, id := range identifiersOf(target.Root()) {
		had[id] = true
	}
	for e := range source.Root().Each("identifier") {
		id := identifier{e.Get("system").Text(), e.Get("value").Text()}
		if id.value == "" || had[id] {
			continue
		}
		had[id] = true
		one := draftOf(e)
		one.set("use", "old")
		d.add("identifier", one.object())
	}
	return d.resource()
}

// checked is result-patient.
func (j *joining) checked(given fhir.Element, source, target *fhir.Resource) (*fhir.Resource, error) {
	wrong := func(what, element string) error {
		return refusal(fhir.Invalid, "result-patient", "the result-patient "+what, given.Path()+element)
	}
	switch {
	case given.Get("id").Text() != target.ID():
		return nil, wrong("must have the id of the target", ".id")
	case !linksTo(given, "replaces", source.ID(), j.base):
		return nil, wrong("needs a link of the type 'replaces' to the source", ".link")
	case given.Get("active").Text() == "false":
		return nil, wrong("must not be inactive: it is the record that stays", ".active")
	}
	has := make(map[identifier]bool)
	for _, id := range identifiersOf(given) {
		has[id] = true
	}
	for _, id := range identifiersOf(target.Root()) {
		if !has[id] {
			return nil, wrong("lacks an identifier of the target", ".identifier")
		}
	}
	return draftOf(given).resource()
}

func linksTo(patient fhir.Element, typ, id, base string) bool {
	for link := range patient.Each("link") {
		if link.Get("type").Text() == typ && localPatient(link.Get("other").Get("reference").Text(), base) == id {
			return true
		}
	}
	return false
}
