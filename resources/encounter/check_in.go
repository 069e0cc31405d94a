package encounter

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

const (
	checkInWindow = 12 * time.Hour  // before and after the start of an appointment
	clockSkew     = 5 * time.Minute // that a desk's clock may be ahead of ours
)

// checkIn is Appointment/[id]/$check-in (§8.2): somebody has come for an appointment. Called again it answers with the same visit. Errors:
// BusinessRule, too-early, too-late, illegal-transition, patient-deceased; Value for a time to come.
func (m *Module) checkIn(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	verified, err := verifiedIn(req.Input)
	if err != nil {
		return nil, err
	}
	if _, err := m.named(req.Input.Get("location"), "Location"); err != nil {
		return nil, err
	}
	w, err := m.carryOut(ctx, req, []string{visitGuard("Appointment/" + req.ID)}, func(w *work) error {
		r, err := w.subject()
		if err != nil {
			return err
		}
		known, err := m.visitOf(w.ctx, w.tx, r.Reference())
		if err != nil {
			return err
		}
		if known != nil {
			return w.again(r, known)
		}
		a := &arrival{appointment: r, verified: verified}
		if a.at, err = w.arrivedAt(r); err != nil {
			return err
		}
		if err := w.guest(a); err != nil {
			return err
		}
		if a.location == nil {
			a.location, err = w.waitingRoom(a)
			if err != nil {
				return err
			}
		}
		e, err := w.arrive(a)
		if err != nil {
			return err
		}
		_, err = w.put(w.checkedIn(a, e))
		return err
	})
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

// verifiedIn reads what the desk has verified: codes of the Tasks of the plan checkin-encounter. Error: CodeInvalid.
func verifiedIn(in fhir.Parameters) (map[string]bool, error) {
	codes := make(map[string]bool)
	for _, code := range in.Texts("verify") {
		switch code {
		case "identity", "insurance", "consent":
			codes["verify-"+code] = true
		default:
			return nil, fhir.NewOutcome(fhir.CodeInvalid, "the parameter 'verify' is one of identity, insurance and consent", "Parameters.parameter")
		}
	}
	return codes, nil
}

// again answers with the visit that there is.
func (w *work) again(appointment, visit *fhir.Resource) error {
	w.show(visit, nil)
	w.show(appointment, nil)
	for e := range visit.Root().Each("account") {
		ref, ok := w.m.local(e.Get("reference").Text())
		if !ok || ref.Type != "Account" {
			continue
		}
		if err := w.current("Account", ref.ID); err != nil && !gone(err) {
			return err
		}
	}
	return w.m.find(w.ctx, w.tx, "Task", fhir.Params{{Name: "encounter", Value: visit.Reference()}}, func(r *fhir.Resource) bool {
		w.show(r, nil)
		return true
	})
}

// arrivedAt is when the patient has come, if that can be for this appointment.
func (w *work) arrivedAt(r *fhir.Resource) (time.Time, error) {
	root := r.Root()
	switch status := root.Get("status").Text(); status {
	case "booked", "arrived", "checked-in":
	default:
		return time.Time{}, refused(fhir.BusinessRule, illegalTransition, "an Appointment that is "+status+" cannot be checked in", "Appointment.status")
	}
	at := w.now
	if given := w.req.Input.Get("arrived-at").Value; given.Exists() {
		t, ok := fhir.ParseTemporal(given.Text(), time.UTC)
		if !ok || t.Precision < fhir.Second {
			return at, fhir.NewOutcome(fhir.Value, "the parameter 'arrived-at' needs a time of day, with its zone", "Parameters.parameter")
		}
		if at = t.Low; at.After(w.now.Add(clockSkew)) {
			return at, fhir.NewOutcome(fhir.Value, "the parameter 'arrived-at' is a time to come", "Parameters.parameter")
		}
	}
	start, ok := when(root.Get("start"))
	switch {
	case !ok:
		return at, refused(fhir.BusinessRule, illegalTransition, "the Appointment has no start, so nobody can have come for it", "Appointment.start")
	case at.Before(start.Add(-checkInWindow)):
		return at, refused(fhir.BusinessRule, "too-early", "the Appointment begins in more than 12 hours", "Appointment.start")
	case at.After(start.Add(checkInWindow)):
		return at, refused(fhir.BusinessRule, "too-late", "the Appointment was more than 12 hours ago", "Appointment.start")
	}
	return at, nil
}

// guest finds who has come, for what, and where to. Errors: BusinessRule; Value, NotFound for the parameter location.
func (w *work) guest(a *arrival) (err error) {
	for p := range a.appointment.Root().Each("participant") {
		ref, ok := w.m.local(p.Get("actor").Get("reference").Text())
		if !ok {
			continue
		}
		var r *fhir.Resource
		switch ref.Type {
		case "Patient":
			if a.patient != nil {
				continue
			}
			if a.patient, err = w.person(ref); gone(err) {
				return refused(fhir.BusinessRule, "no-patient", "the patient of the Appointment is not here any more", "Appointment.participant")
			} else if err != nil {
				return err
			}
			continue
		case "Location", "HealthcareService":
			if r, err = w.tx.Read(w.ctx, ref.Type, ref.ID); gone(err) {
				err = nil
			} else if err != nil {
				return err
			}
		}
		if r != nil && ref.Type == "Location" && a.location == nil {
			a.location = r
		}
		if r != nil && ref.Type == "HealthcareService" && a.service == nil {
			a.service = r
		}
	}
	if a.patient == nil {
		return refused(fhir.BusinessRule, "no-patient", "the Appointment has no patient", "Appointment.participant")
	}
	if a.service == nil {
		if a.service, err = w.serviceOf(a.appointment); err != nil {
			return err
		}
	}
	given, err := w.given("location", "Location")
	if given != nil {
		a.location = given
	}
	return err
}

// serviceOf is the service that an appointment's type is one of.
func (w *work) serviceOf(appointment *fhir.Resource) (found *fhir.Resource, err error) {
	for kind := range appointment.Root().Each("serviceType") {
		for coding := range kind.Each("coding") {
			value := tokenOf(coding)
			if value == "" {
				continue
			}
			err = w.m.find(w.ctx, w.tx, "HealthcareService", fhir.Params{{Name: "service-type", Value: value}}, func(r *fhir.Resource) bool {
				if r.Root().Get("active").Text() != "false" {
					found = r
				}
				return found == nil
			})
			if found != nil || err != nil {
				return found, err
			}
		}
	}
	return nil, nil
}

// waitingRoom is where the patients of a service wait, when nobody has said: the first of its locations.
func (w *work) waitingRoom(a *arrival) (*fhir.Resource, error) {
	if a.service == nil {
		return nil, nil
	}
	for e := range a.service.Root().Each("location") {
		ref, ok := w.m.local(e.Get("reference").Text())
		if !ok || ref.Type != "Location" {
			continue
		}
		r, err := w.tx.Read(w.ctx, "Location", ref.ID)
		if gone(err) {
			continue
		}
		return r, err
	}
	return nil, nil
}

// checkedIn is the appointment of somebody who has come: it leads to the visit, as the visit leads to it.
func (w *work) checkedIn(a *arrival, e *fhir.Resource) object {
	o := objectOf(a.appointment)
	o["status"] = "checked-in"
	for _, one := range asList(o["participant"]) {
		if p, ok := one.(object); ok && fhir.ParseReference(referred(p, "actor")).Type == "Patient" {
			p["status"] = "accepted"
		}
	}
	o["supportingInformation"] = append(asList(o["supportingInformation"]), reference(e.Reference()))
	return o
}
