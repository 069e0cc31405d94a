package encounter

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/number"
)

// registerArrival enters what happens at the front desk: $check-in, $walk-in, the queue, and that an appointment has one visit.
func (m *Module) registerArrival(r *fhir.Registry) error {
	for _, o := range []struct {
		file    string
		handler fhir.HandlerFunc
	}{
		{"appointment-check-in", m.checkIn}, {"encounter-walk-in", m.walkIn}, {"location-queue", m.queue},
	} {
		if err := operation(r, o.file, o.handler); err != nil {
			return err
		}
	}
	r.Rule(fhir.Rule{Type: "Encounter", Guards: m.appointmentGuards, Check: m.oneVisit})
	r.Rule(fhir.Rule{Type: "Encounter", Check: m.fulfil})
	return nil
}

// arrival is somebody who has come.
type arrival struct {
	appointment *fhir.Resource
	patient     *fhir.Resource
	service     *fhir.Resource // nil = not known
	location    *fhir.Resource // nil = nowhere in particular: there is no queue
	at          time.Time
	priority    any
	verified    map[string]bool // what the desk has seen to already: codes of Tasks
}

// arrive writes the visit of somebody who has come, with all that belongs to it: number, token, account, copay and Tasks.
func (w *work) arrive(a *arrival) (*fhir.Resource, error) {
	zone, err := w.zone(a)
	if err != nil {
		return nil, err
	}
	patient := a.patient.Reference()
	account, coverages, err := w.account(patient, a.at)
	if err != nil {
		return nil, err
	}
	root := a.appointment.Root()
	virtual := isVirtual(a.service, root)
	class := object{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB", "display": "ambulatory"}
	if virtual {
		class["code"], class["display"] = "VR", "virtual"
	}
	visits := number.Visits(a.at.In(zone))
	n, err := number.Next(w.ctx, w.tx, visits.Name)
	if err != nil {
		return nil, err
	}
	visit := visits.Identifier(n)
	o := object{
		"resourceType": "Encounter", "status": arrived, "class": class, "subject": reference(patient), "period": object{"start": instant(a.at)},
		"identifier":  list(object{"system": visit.System, "value": visit.Value}),
		"appointment": list(reference(a.appointment.Reference())), "account": list(reference(account.Reference())),
	}
	if a.priority != nil {
		o["priority"] = a.priority
	}
	if kind := serviceTypeOf(a.service, root); kind != nil {
		o["serviceType"] = kind
	}
	for _, name := range []string{"reasonCode", "reasonReference"} {
		if v := fhir.Tree(root.Get(name)); v != nil {
			o[name] = v
		}
	}
	var orders []any
	for e := range root.Each("basedOn") {
		orders = append(orders, fhir.Tree(e))
	}
	if orders != nil {
		o["basedOn"] = orders
	}
	if who := practitioners(root); who != nil {
		o["participant"] = who
	}
	if a.service != nil {
		if v := fhir.Tree(a.service.Root().Get("providedBy")); v != nil {
			o["serviceProvider"] = v
		}
	}
	if a.location != nil {
		o["location"] = list(object{"location": reference(a.location.Reference()), "status": "active", "period": object{"start": instant(a.at)}})
		token, err := w.token(a.location.ID(), a.at.In(zone))
		if err != nil {
			return nil, err
		}
		o["extension"] = list(object{"url": ours("queue-token"), "valuePositiveInt": token})
	}
	e, err := w.create(o)
	if err != nil {
		return nil, err
	}
	if err := w.copay(a, e, account, coverages, virtual); err != nil {
		return nil, err
	}
	return e, w.workflow("checkin-encounter", patient, e.Reference(), func(task object) {
		for code := range a.verified {
			if taskCode(task) == code {
				task["status"], task["executionPeriod"] = "completed", object{"start": instant(a.at), "end": instant(a.at)}
			}
		}
	})
}

// taskCode is the code of a Task among our own.
func taskCode(task object) string {
	code, _ := task["code"].(object)
	coding, _ := first(code["coding"]).(object)
	return asText(coding["code"])
}

// token is the next number of a waiting room's day.
func (w *work) token(location string, day time.Time) (int64, error) {
	return number.Next(w.ctx, w.tx, "queue:"+location+":"+day.Format(time.DateOnly))
}

// isVirtual reports whether a visit is one from afar: its service has the characteristic virtual, or its appointment says where to join.
func isVirtual(service *fhir.Resource, appointment fhir.Element) bool {
	if service != nil {
		for e := range service.Root().Each("characteristic") {
			if hasCode(e, "virtual") {
				return true
			}
		}
	}
	for e := range appointment.Each("extension") {
		if url := e.Get("url").Text(); url == ours("virtual-service") || url == "http://hl7.org/fhir/5.0/StructureDefinition/extension-Appointment.virtualService" {
			return true
		}
	}
	return false
}

// serviceTypeOf is what the visit is: as the appointment has it, or else the service.
func serviceTypeOf(service *fhir.Resource, appointment fhir.Element) any {
	for e := range appointment.Each("serviceType") {
		return fhir.Tree(e)
	}
	if service != nil {
		for e := range service.Root().Each("type") {
			return fhir.Tree(e)
		}
	}
	return nil
}

// practitioners are who sees the patient, by the appointment.
func practitioners(appointment fhir.Element) (list []any) {
	for p := range appointment.Each("participant") {
		ref := fhir.ParseReference(p.Get("actor").Get("reference").Text())
		if ref.Type != "Practitioner" && ref.Type != "PractitionerRole" || p.Get("status").Text() == "declined" {
			continue
		}
		o := object{"individual": fhir.Tree(p.Get("actor"))}
		if types := fhir.Tree(p.Get("type")); types != nil {
			o["type"] = types
		}
		list = append(list, o)
	}
	return list
}

// zone is where the day of a visit is counted: that of the location or of what it is part of, or else the offset of the appointment.
func (w *work) zone(a *arrival) (*time.Location, error) {
	if a.location != nil {
		zone, err := w.m.zoneOf(w.ctx, w.tx, a.location)
		if zone != nil || err != nil {
			return zone, err
		}
	}
	if start, ok := when(a.appointment.Root().Get("start")); ok {
		return start.Location(), nil
	}
	return time.UTC, nil
}

const timezoneExtension = "http://hl7.org/fhir/StructureDefinition/timezone"

// zoneOf is the time zone that a location has, or what it is part of, or who manages it; nil = nobody says.
func (m *Module) zoneOf(ctx context.Context, tx fhir.Tx, r *fhir.Resource) (*time.Location, error) {
	for range 8 { // places are not nested deeper, and a circle ends
		for e := range r.Root().Each("extension") {
			if e.Get("url").Text() == timezoneExtension {
				if zone, err := time.LoadLocation(e.Get("valueCode").Text()); err == nil {
					return zone, nil
				}
			}
		}
		above := r.Root().Get("partOf").Get("reference").Text()
		if above == "" {
			above = r.Root().Get("managingOrganization").Get("reference").Text()
		}
		ref, ok := m.local(above)
		if !ok || ref.Type != "Location" && ref.Type != "Organization" {
			return nil, nil
		}
		next, err := tx.Read(ctx, ref.Type, ref.ID)
		if gone(err) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		r = next
	}
	return nil, nil
}

// person is the patient whom a reference leads to: one that was merged leads on. Errors: BusinessRule for somebody who has died.
func (w *work) person(ref fhir.Reference) (*fhir.Resource, error) {
	seen := make(map[string]bool)
	for {
		r, err := w.tx.Read(w.ctx, "Patient", ref.ID)
		if err != nil {
			return nil, err
		}
		seen[ref.ID] = true
		next, merged := w.survivor(r)
		if !merged || seen[next.ID] {
			root := r.Root()
			if root.Get("deceasedBoolean").Text() == "true" || root.Get("deceasedDateTime").Exists() {
				return nil, refused(fhir.BusinessRule, "patient-deceased", "the patient has died")
			}
			return r, nil
		}
		ref = next
	}
}

// survivor is the record that has taken the place of one that was merged.
func (w *work) survivor(r *fhir.Resource) (fhir.Reference, bool) {
	for link := range r.Root().Each("link") {
		if link.Get("type").Text() != "replaced-by" {
			continue
		}
		if ref, ok := w.m.local(link.Get("other").Get("reference").Text()); ok && ref.Type == "Patient" {
			return ref, true
		}
	}
	return fhir.Reference{}, false
}
