package patient

import (
	"strings"
	"time"

	"andiron.dev/fhir"
)

// accountTypes is the code system of Account.type: 'patient' is the account of a person, beside those of visits.
const accountTypes = fhir.CanonicalBase + "/CodeSystem/account-type"

// records are the resources of a registration, the Patient first: complete, with ids, and held against R4.
func (r *registration) records(mrn identifier) ([]*fhir.Resource, error) {
	id := r.m.config.NewID()
	patient, err := r.patientRecord(id, mrn)
	if err != nil {
		return nil, err
	}
	self := patient.Reference()
	var beside []*fhir.Resource
	var coverages []string
	for _, p := range r.beside {
		one, err := r.besideRecord(p, self)
		if err != nil {
			return nil, err
		}
		if p.Name == "coverage" {
			coverages = append(coverages, one.Reference())
		}
		beside = append(beside, one)
	}
	account, err := r.account(patient, mrn, coverages)
	if err != nil {
		return nil, err
	}
	return append([]*fhir.Resource{patient, account}, beside...), nil
}

func (r *registration) patientRecord(id string, mrn identifier) (*fhir.Resource, error) {
	d := *r.patient
	d.values = make(map[string]string, len(r.patient.values))
	for name, text := range r.patient.values {
		d.values[name] = text
	}
	d.set("id", id)
	d.set("active", true)
	one := object{
		"use": "official", "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical record number"), "system": mrn.system, "value": mrn.value,
	}
	if r.assigned {
		one["assigner"] = reference("Organization/" + r.organization)
		d.set("managingOrganization", reference("Organization/"+r.organization))
	}
	d.add("identifier", one)
	return d.resource()
}

// besideRecord completes what comes with the Patient. Errors: Invalid for what is somebody else's; what the gate finds.
func (r *registration) besideRecord(p fhir.Parameter, self string) (*fhir.Resource, error) {
	element := map[string]string{"coverage": "beneficiary", "consent": "patient", "related-person": "patient", "questionnaire-response": "subject"}[p.Name]
	if at := p.Value.Get("id"); at.Exists() {
		return nil, fhir.NewOutcome(fhir.Invalid, "the server gives what it creates its id", at.Path())
	}
	if of := p.Value.Get(element); of.Get("reference").Exists() && !strings.HasPrefix(of.Get("reference").Text(), "urn:") {
		return nil, fhir.NewOutcome(fhir.Invalid, "this is about the patient who is registered: leave the reference out", of.Path())
	}
	d := draftOf(p.Value)
	d.set("id", r.m.config.NewID())
	d.set(element, reference(self))
	one, err := d.resource()
	if err != nil {
		return nil, err
	}
	if o := r.m.gate.Check(one.Root()); o != nil {
		return nil, o.Within(p.Value.Path())
	}
	return one, nil
}

// account is the patient's account. Coverages pay in the order in which they were given.
func (r *registration) account(patient *fhir.Resource, mrn identifier, coverages []string) (*fhir.Resource, error) {
	kind := concept(accountTypes, "patient", "Patient account")
	kind["coding"] = append(kind["coding"].([]any), object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PBILLACCT", "display": "patient billing account"})
	o := object{
		"resourceType": "Account", "id": r.m.config.NewID(), "status": "active", "type": kind, "name": "Patient account " + mrn.value,
		"subject": []any{reference(patient.Reference())}, "servicePeriod": object{"start": r.m.config.Now().UTC().Format(time.DateOnly)},
	}
	if r.assigned {
		o["owner"] = reference("Organization/" + r.organization)
	}
	var list []any
	for i, coverage := range coverages {
		list = append(list, object{"coverage": reference(coverage), "priority": i + 1})
	}
	if list != nil {
		o["coverage"] = list
	}
	return made(o)
}
