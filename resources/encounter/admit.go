package encounter

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/number"
)

// sameDay is how long before its time an appointment may be kept: earlier than that a stay is planned, and its bed reserved.
const sameDay = 12 * time.Hour

// admit is Encounter/$admit (§8.4).
func (m *Module) admit(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	bed, err := m.named(req.Input.Get("location"), "Location")
	if err != nil {
		return nil, err
	}
	patient, err := m.named(req.Input.Get("patient"), "Patient")
	if err != nil {
		return nil, err
	}
	if bed.ID != "" && req.Input.Get("ward").Value.Exists() {
		return nil, fhir.NewOutcome(fhir.Invalid, "the bed is named by 'location' or found in 'ward', not both", "Parameters.parameter")
	}
	guards := []string{openGuard(patient.ID)}
	if bed.ID != "" {
		guards = append(guards, bedGuard(bed.ID))
	}
	w, err := m.carryOut(ctx, req, guards, func(w *work) error { return (&admission{work: w}).run() })
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

// admission is an $admit while it is carried out.
type admission struct {
	*work
	patient   *fhir.Resource
	encounter object
	before    *stay // the visit that becomes the stay; nil = there is none
	start     time.Time
	later     bool           // the stay is planned, its bed reserved
	kept      *fhir.Resource // the appointment that the patient has come for; nil = none
	bed       *fhir.Resource
	above     []*fhir.Resource // what the bed is in
}

func (a *admission) run() error {
	for _, step := range []func() error{a.who, a.visit, a.kind, a.circumstances, a.place} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := a.account(); err != nil {
		return err
	}
	write := a.put
	if a.before == nil {
		write = a.create
	}
	stored, err := write(a.encounter)
	if err != nil {
		return err
	}
	if a.kept != nil && !a.later {
		if _, err := a.put(a.checkedIn(&arrival{appointment: a.kept}, stored)); err != nil {
			return err
		}
	}
	if a.bed != nil {
		if err := a.current("Location", a.bed.ID()); err != nil {
			return err
		}
	}
	return a.tasks(stored)
}

// admissionPlan is the plan of what is done when a patient is admitted.
const admissionPlan = "admission-workflow"

// tasks has the plan of the admission become Tasks. Errors: NotFound for a plan that is named and is not in force here.
func (a *admission) tasks(stored *fhir.Resource) error {
	plan := a.req.Input.Get("plan")
	name := plan.Value.Text()
	if name == "" {
		name = admissionPlan
	} else if known, err := a.plan(name); err != nil {
		return err
	} else if known == nil {
		return fhir.NewOutcome(fhir.NotFound, "there is no active PlanDefinition of this name", plan.Value.Path())
	}
	if a.later { // what is done on admission is done then
		return nil
	}
	return a.workflow(name, a.patient.Reference(), stored.Reference(), nil)
}

// who finds the patient, through the links that merged records have. Errors: BusinessRule for who has died.
func (a *admission) who() (err error) {
	if a.patient, err = a.given("patient", "Patient"); err != nil {
		return err
	}
	const most = 8
	for range most {
		next := fhir.Reference{}
		for link := range a.patient.Root().Each("link") {
			if ref, ok := a.m.local(link.Get("other").Get("reference").Text()); ok && link.Get("type").Text() == "replaced-by" && ref.Type == "Patient" {
				next = ref
			}
		}
		if next.ID == "" {
			break
		}
		if a.patient, err = a.seen("Patient", next.ID); err != nil {
			return err
		}
	}
	root := a.patient.Root()
	if root.Get("deceasedBoolean").Text() == "true" || root.Get("deceasedDateTime").Exists() {
		return refused(fhir.BusinessRule, "deceased", "the patient has died", a.req.Input.Get("patient").Value.Path())
	}
	return nil
}

// visit begins the Encounter, or goes on with the one that the patient came by.
func (a *admission) visit() error {
	a.start = a.now
	p := a.req.Input.Get("pre-admission")
	r, err := a.given("pre-admission", "Encounter", "Appointment")
	if err != nil {
		return err
	}
	if r != nil && r.Type() == "Appointment" {
		return a.appointment(r, p.Value.Path())
	}
	if r == nil {
		a.fresh()
		return a.numbered()
	}
	return a.convert(r, p.Value.Path())
}

func (a *admission) fresh() {
	a.encounter = object{"resourceType": "Encounter", "subject": reference(a.patient.Reference())}
}

// convert goes on with a visit. Errors: BusinessRule for one of somebody else, or that is over; Conflict for a stay that has begun.
func (a *admission) convert(r *fhir.Resource, path string) error {
	s := a.m.stayOf(r)
	switch {
	case s.patient != a.patient.ID():
		return refused(fhir.BusinessRule, "other-patient", "the visit is somebody else's", path)
	case s.single():
		return refused(fhir.Conflict, alreadyAdmitted, "the patient is admitted already", path)
	case s.status != planned && !present(s.status) || s.status == onLeave:
		return refused(fhir.BusinessRule, illegalTransition, "a visit that is "+s.status+" cannot become a stay", path)
	}
	a.before, a.encounter = s, objectOf(r)
	if s.status == planned && s.start.Sub(a.now) > sameDay {
		a.later, a.start = true, s.start
	} else if s.status == planned && s.start.After(a.now) {
		a.encounter["period"].(object)["start"] = instant(a.now)
	}
	if s.root.Get("identifier").Exists() {
		return nil
	}
	return a.numbered()
}

// appointment goes on with the visit for an appointment, or begins one. Errors: BusinessRule for one that does not take place, or is somebody else's.
func (a *admission) appointment(r *fhir.Resource, path string) error {
	root := r.Root()
	own := false
	for p := range root.Each("participant") {
		ref, ok := a.m.local(p.Get("actor").Get("reference").Text())
		own = own || ok && ref.Relative() == a.patient.Reference()
	}
	switch status := root.Get("status").Text(); {
	case !own:
		return refused(fhir.BusinessRule, "other-patient", "the appointment is somebody else's", path)
	case status != "booked" && status != "arrived" && status != "checked-in":
		return refused(fhir.BusinessRule, illegalTransition, "an appointment that is "+status+" does not take place", path)
	}
	var known *fhir.Resource
	err := a.m.find(a.ctx, a.tx, "Encounter", fhir.Params{{Name: "appointment", Value: r.Reference()}, {Name: "status", Value: "planned,arrived,triaged,in-progress"}}, func(e *fhir.Resource) bool {
		known = e
		return false
	})
	if err != nil {
		return err
	}
	if known != nil {
		return a.convert(known, path)
	}
	a.fresh()
	a.kept = r
	a.encounter["appointment"] = list(reference(r.Reference()))
	if start, ok := when(root.Get("start")); ok && start.Sub(a.now) > sameDay {
		a.later, a.start = true, start
	}
	if root.Get("serviceType").Exists() {
		a.encounter["serviceType"] = fhir.Tree(root.Get("serviceType")).([]any)[0]
	}
	return a.numbered()
}

// numbered gives the visit a number.
func (a *admission) numbered() error {
	seq := number.Visits(a.now)
	n, err := number.Next(a.ctx, a.tx, seq.Name)
	if err == nil {
		id := seq.Identifier(n)
		a.encounter["identifier"] = list(object{"system": id.System, "value": id.Value})
	}
	return err
}

// kind gives the stay its status and class.
func (a *admission) kind() error {
	a.encounter["status"] = inProgress
	if a.later {
		a.encounter["status"] = planned
	}
	if a.before == nil {
		a.encounter["period"] = object{"start": instant(a.start)}
	}
	class := a.req.Input.Get("class").Value
	if !class.Exists() {
		a.encounter["class"] = object{"system": actCode, "code": "IMP", "display": "inpatient encounter"}
		return nil
	}
	system, code := class.Get("system").Text(), class.Get("code").Text()
	if system != "" && system != actCode || !inpatient(code) && code != "SS" && code != "EMER" {
		return fhir.NewOutcome(fhir.CodeInvalid, "the class of an admission is IMP, ACUTE, NONAC, OBSENC, SS or EMER", class.Path())
	}
	o := fhir.Tree(class).(object)
	o["system"] = actCode
	a.encounter["class"] = o
	return nil
}

const (
	actCode            = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	participationTypes = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
)

// circumstances are where the patient comes from, why, who is responsible, and for how long.
func (a *admission) circumstances() error {
	if source := a.req.Input.Get("admit-source").Value; source.Exists() {
		h, _ := a.encounter["hospitalization"].(object)
		if h == nil {
			h = object{}
		}
		h["admitSource"] = fhir.Tree(source)
		a.encounter["hospitalization"] = h
	}
	if reasons := a.values("reason"); reasons != nil {
		known, _ := a.encounter["reasonCode"].([]any)
		a.encounter["reasonCode"] = append(known, reasons...)
	}
	attending, err := a.given("attending", "Practitioner", "PractitionerRole")
	if err != nil {
		return err
	}
	if attending != nil {
		known, _ := a.encounter["participant"].([]any)
		a.encounter["participant"] = append(known, object{
			"type": list(coded(participationTypes, "ATND", "attender")), "period": object{"start": instant(a.start)}, "individual": reference(attending.Reference()),
		})
	}
	if p := a.req.Input.Get("expected-discharge").Value; p.Exists() {
		if end, _ := when(p); !end.After(a.start) {
			return fhir.NewOutcome(fhir.Invalid, "the stay would end before it began", p.Path())
		}
		a.encounter["extension"] = replaced(a.encounter["extension"], plannedEnd, object{"url": plannedEnd, "valueDateTime": p.Text()})
	}
	return nil
}

// replaced is a list of extensions with one in the place of those with its URL.
func replaced(extensions any, url string, with object) (rest []any) {
	before, _ := extensions.([]any)
	for _, one := range before {
		if e, _ := one.(object); e["url"] != url {
			rest = append(rest, one)
		}
	}
	return append(rest, with)
}
