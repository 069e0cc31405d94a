package encounter

import (
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// followUp is when a patient is to be seen again after a discharge.
type followUp struct {
	service       fhir.Parameter
	after, within time.Duration
	reason, path  string
}

// followUps reads the parameters. Errors: Value for a Duration that is none; Invalid for one that ends before it begins.
func (m *Module) followUps(req *fhir.Request) (list []*followUp, err error) {
	for p := range req.Input.Each("follow-up") {
		f := &followUp{service: p.Parts.Get("service"), reason: p.Parts.Text("reason"), path: p.Parts.Get("service").Value.Path()}
		if f.within, err = duration(p.Parts.Get("within").Value); err != nil {
			return nil, err
		}
		if after := p.Parts.Get("after").Value; after.Exists() {
			if f.after, err = duration(after); err != nil {
				return nil, err
			}
		}
		if f.within <= f.after {
			return nil, fhir.NewOutcome(fhir.Invalid, "'within' must be longer than 'after'", p.Parts.Get("within").Value.Path())
		}
		list = append(list, f)
	}
	return list, nil
}

// duration reads a Duration of minutes, hours, days or weeks, by its UCUM code or, without one, its unit.
func duration(e fhir.Element) (time.Duration, error) {
	unit := e.Get("code").Text()
	if unit == "" {
		unit = e.Get("unit").Text()
	}
	units := map[string]time.Duration{
		"min": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour, "wk": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
	}
	n, err := strconv.ParseFloat(e.Get("value").Text(), 64)
	length := units[unit]
	const most = 10 * 366 * 24 * time.Hour
	if err != nil || length == 0 || n < 0 || n*float64(length) > float64(most) {
		return 0, fhir.NewOutcome(fhir.Value, "a Duration of min, h, d or wk is needed, of at most ten years", e.Path())
	}
	return time.Duration(n * float64(length)), nil
}

// followUp asks for the patient to be seen again: a ServiceRequest, and an Appointment that is proposed for the time, which patient or staff
// find a slot for.
func (w *work) followUp(stay *fhir.Resource, f *followUp, at time.Time) (*fhir.Resource, error) {
	service, err := w.from(f.service, "HealthcareService")
	if err != nil {
		return nil, err
	}
	root := stay.Root()
	from, to := at.Add(f.after), at.Add(f.within)
	order := object{
		"resourceType": "ServiceRequest", "status": "active", "intent": "order", "category": list(coded("http://terminology.hl7.org/CodeSystem/medicationrequest-category", "discharge", "Discharge")),
		"subject": fhir.Tree(root.Get("subject")), "encounter": reference(stay.Reference()), "authoredOn": instant(w.now),
		"occurrencePeriod": object{"start": instant(from), "end": instant(to)}, "code": serviceCode(service),
	}
	appointment := object{
		"resourceType": "Appointment", "status": "proposed", "created": instant(w.now), "requestedPeriod": list(object{"start": instant(from), "end": instant(to)}),
		"appointmentType": coded("http://terminology.hl7.org/CodeSystem/v2-0276", "FOLLOWUP", "A follow up visit from a previous appointment"),
		"participant": list(
			object{"actor": fhir.Tree(root.Get("subject")), "required": "required", "status": "needs-action"},
			object{"actor": reference(service.Reference()), "required": "required", "status": "needs-action"},
		),
	}
	if types := service.Root().Get("type"); types.Exists() {
		appointment["serviceType"] = fhir.Tree(types)
	}
	if f.reason != "" {
		order["reasonCode"], appointment["reasonCode"] = list(object{"text": f.reason}), list(object{"text": f.reason})
	}
	if who := signature(w.ctx); asText(who["reference"]) != "" {
		order["requester"] = who
	}
	stored, err := w.create(order)
	if err != nil {
		return nil, err
	}
	appointment["basedOn"] = list(reference(stored.Reference()))
	proposed, err := w.create(appointment)
	if err != nil {
		return nil, err
	}
	_, err = w.create(object{ // it is overdue when the patient should have been seen, and nobody has found a time
		"resourceType": "Task", "status": "requested", "intent": "order", "code": coded(taskTypes(), "book-follow-up", "Book the follow-up"), "authoredOn": instant(w.now),
		"description": "Find a time for the follow-up with the patient", "focus": reference(proposed.Reference()), "for": fhir.Tree(root.Get("subject")),
		"basedOn": list(reference(stored.Reference())), "executionPeriod": object{"start": instant(w.now), "end": instant(to)},
	})
	return proposed, err
}

// serviceCode is what a service is called, as the code of an order.
func serviceCode(service *fhir.Resource) object {
	for kind := range service.Root().Each("type") {
		if o, is := fhir.Tree(kind).(object); is {
			return o
		}
	}
	if name := service.Root().Get("name").Text(); name != "" {
		return object{"text": name}
	}
	return object{"text": "Follow-up"}
}
