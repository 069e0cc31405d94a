package encounter

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

// walkIn is Encounter/$walk-in (§8.2): somebody has come without an appointment. They get one that begins now, and takes nobody's time from others.
// Errors: Conflict, already-arrived; BusinessRule, service-inactive, patient-deceased; Value, NotFound for what the parameters refer to.
func (m *Module) walkIn(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	w, err := m.carryOut(ctx, req, nil, func(w *work) error {
		given, err := w.given("patient", "Patient")
		if err != nil {
			return err
		}
		a := &arrival{at: w.now, priority: fhir.Tree(req.Input.Get("priority").Value)}
		if a.patient, err = w.person(fhir.ParseReference(given.Reference())); err != nil {
			return err
		}
		if a.service, err = w.given("service", "HealthcareService"); err != nil {
			return err
		}
		if a.service.Root().Get("active").Text() == "false" {
			return refused(fhir.BusinessRule, "service-inactive", "the service is not offered any more", req.Input.Get("service").Value.Path())
		}
		if a.location, err = w.given("location", "Location"); err != nil {
			return err
		}
		if a.location == nil {
			if a.location, err = w.waitingRoom(a); err != nil {
				return err
			}
		}
		if err := w.here(a); err != nil {
			return err
		}
		id, err := w.visitID(a)
		if err != nil {
			return err
		}
		if a.appointment, err = w.create(w.unbooked(id, a)); err != nil {
			return err
		}
		e, err := w.arrive(a)
		if err != nil {
			return err
		}
		o := objectOf(a.appointment)
		o["supportingInformation"] = list(reference(e.Reference()))
		_, err = w.put(o)
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

// here refuses a second visit to the same service on one day while the first goes on.
func (w *work) here(a *arrival) error {
	if err := w.hold(accountGuard(a.patient.Reference())); err != nil {
		return err
	}
	since := w.now.Add(-24 * time.Hour)
	here := false
	err := w.m.find(w.ctx, w.tx, "Encounter", fhir.Params{{Name: "patient", Value: a.patient.Reference()}, {Name: "status", Value: "arrived,triaged,in-progress,onleave"}}, func(r *fhir.Resource) bool {
		start, ok := when(r.Root().Get("period").Get("start"))
		here = (!ok || start.After(since)) && sharesCoding(r.Root().Get("serviceType"), a.service.Root())
		return !here
	})
	if err == nil && here {
		return refused(fhir.Conflict, "already-arrived", "the patient is here for this service already")
	}
	return err
}

// visitID is the id of the appointment that is made for a visit: a UUID (version 8) of the patient and of how many updates have been about their
// visits so far. The update may run again to take guards, and there is one with this id in it.
func (w *work) visitID(a *arrival) (string, error) {
	guard := accountGuard(a.patient.Reference())
	n, err := w.tx.GuardCount(w.ctx, guard)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte("walk-in " + guard + " " + strconv.FormatInt(n, 10)))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16]), nil
}

// sharesCoding reports whether what a visit is, is one of the types of a service. Where neither says, they are the same.
func sharesCoding(kind, service fhir.Element) bool {
	known := false
	for typ := range service.Each("type") {
		for coding := range typ.Each("coding") {
			known = true
			if tokens(kind)[tokenOf(coding)] {
				return true
			}
		}
	}
	return !known && len(tokens(kind)) == 0
}

// tokens are the codings of a CodeableConcept.
func tokens(e fhir.Element) map[string]bool {
	set := make(map[string]bool)
	for coding := range e.Each("coding") {
		if t := tokenOf(coding); t != "" {
			set[t] = true
		}
	}
	return set
}

// unbooked is the Appointment of somebody who has come without one. It has no actors but the patient: it is squeezed in, and books nobody.
func (w *work) unbooked(id string, a *arrival) object {
	length := w.fallback(a.service)
	o := object{
		"resourceType": "Appointment", "id": id, "status": "arrived", "start": instant(a.at), "end": instant(a.at.Add(length)), "minutesDuration": int(length / time.Minute), "created": instant(w.now),
		"appointmentType": coded("http://terminology.hl7.org/CodeSystem/v2-0276", "WALKIN", "A previously unscheduled walk-in visit"),
		"participant":     list(object{"actor": reference(a.patient.Reference()), "status": "accepted"}),
	}
	if kinds := fhir.Tree(a.service.Root().Get("type")); kinds != nil {
		o["serviceType"] = kinds
	}
	return o
}
