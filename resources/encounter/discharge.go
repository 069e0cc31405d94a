package encounter

import (
	"context"
	"slices"
	"time"

	"andiron.dev/fhir"
)

// dispositions is the code system of how a stay ends; died is the code for a patient who has died.
const (
	dispositions = "http://terminology.hl7.org/CodeSystem/discharge-disposition"
	died         = "exp"
)

// discharge is Encounter/[id]/$discharge (§8.8). What must not be open is for the rule about Encounters to say.
func (m *Module) discharge(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	followUps, err := m.followUps(req)
	if err != nil {
		return nil, err
	}
	w, err := m.carryOut(ctx, req, nil, func(w *work) error { return w.discharge(followUps) })
	if err != nil {
		return nil, err
	}
	return w.bundle(), nil
}

func (w *work) discharge(followUps []*followUp) error {
	r, err := w.subject()
	if err != nil {
		return err
	}
	s := w.m.stayOf(r)
	disposition := w.req.Input.Get("disposition").Value
	if s.status == finished && sameCode(s.root.Get("hospitalization").Get("dischargeDisposition"), disposition) {
		w.show(r, nil)
		return nil
	}
	if s.status != inProgress && s.status != onLeave {
		return refused(fhir.BusinessRule, illegalTransition, "an Encounter that is "+s.status+" does not end with a discharge")
	}
	at, err := w.at(w.m.last(s))
	if err != nil {
		return err
	}
	from, lay := w.lies(s)
	o := objectOf(r)
	o["status"] = finished
	period, _ := o["period"].(object)
	if period == nil {
		period = object{}
	}
	period["end"] = instant(at)
	o["period"] = period
	if err := w.leaving(o, disposition); err != nil {
		return err
	}
	if err := w.waive(o); err != nil {
		return err
	}
	stored, err := w.put(o)
	if err != nil {
		return err
	}
	if lay {
		if err := w.vacated(from.id); err != nil {
			return err
		}
	}
	if err := w.stopOrders(stored); err != nil {
		return err
	}
	dead := hasCode(disposition, died)
	if dead {
		if err := w.deceased(s, at); err != nil {
			return err
		}
	}
	var appointments []*fhir.Resource
	for _, f := range followUps {
		if dead {
			return fhir.NewOutcome(fhir.Invalid, "a patient who has died is not seen again", f.path)
		}
		appointment, err := w.followUp(stored, f, at)
		if err != nil {
			return err
		}
		appointments = append(appointments, appointment)
	}
	if err := w.summarize(stored, at, appointments); err != nil || dead {
		return err
	}
	return w.readmission(stored, at)
}

// sameCode reports whether two CodeableConcepts share a coding, or, without any, say the same.
func sameCode(a, b fhir.Element) bool {
	for x := range a.Each("coding") {
		for y := range b.Each("coding") {
			if x.Get("code").Text() == y.Get("code").Text() && x.Get("system").Text() == y.Get("system").Text() {
				return true
			}
		}
	}
	return !a.Get("coding").Exists() && !b.Get("coding").Exists() && a.Get("text").Text() != "" && a.Get("text").Text() == b.Get("text").Text()
}

// last is when the last thing happened that is known of a stay.
func (m *Module) last(s *stay) time.Time {
	last := s.start
	for _, p := range m.places(s) {
		if p.status != "reserved" && p.status != "planned" {
			last = latest(last, p.start, p.end)
		}
	}
	for _, name := range []string{"statusHistory", "classHistory"} {
		for e := range s.root.Each(name) {
			end, _ := when(e.Get("period").Get("end"))
			last = latest(last, end)
		}
	}
	return last
}

// leaving says how the stay ends, and where to.
func (w *work) leaving(o object, disposition fhir.Element) error {
	h, _ := o["hospitalization"].(object)
	if h == nil {
		h = object{}
		o["hospitalization"] = h
	}
	h["dischargeDisposition"] = fhir.Tree(disposition)
	destination, err := w.given("destination", "Location", "Organization")
	if err != nil {
		return err
	}
	if destination != nil {
		h["destination"] = reference(destination.Reference())
	}
	if p := w.req.Input.Get("transport"); p.Value.Exists() {
		known, _ := h["specialArrangement"].([]any)
		h["specialArrangement"] = append(known, fhir.Tree(p.Value))
	}
	return nil
}

// waive notes what the discharge goes on without; whether it may is for the rule about Encounters to say. Errors: CodeInvalid.
func (w *work) waive(o object) error {
	for p := range w.req.Input.Each("override") {
		code := p.Parts.Text("blocker")
		if !slices.Contains(blockerCodes(), code) {
			return fhir.NewOutcome(fhir.CodeInvalid, "this is no code of "+codes("discharge-blocker"), p.Parts.Get("blocker").Value.Path())
		}
		known, _ := o["extension"].([]any)
		o["extension"] = append(known, object{"url": ours(overrideName), "extension": list(
			object{"url": "blocker", "valueCode": code}, object{"url": "reason", "valueString": p.Parts.Text("reason")},
		)})
	}
	return nil
}

// stopOrders carries out what was decided about the orders of the stay: those that stop are over, and so are those that nobody has decided about.
func (w *work) stopOrders(r *fhir.Resource) error {
	for typ, over := range map[string]string{"MedicationRequest": "stopped", "ServiceRequest": "revoked"} {
		orders, err := w.m.all(w.ctx, w.tx, typ, fhir.Param{Name: "encounter", Value: r.Reference()}, fhir.Param{Name: "status", Value: "active"})
		for _, order := range orders {
			if err != nil {
				return err
			}
			if !forStay(order) || decision(order) == "continue" {
				continue
			}
			o := objectOf(order)
			o["status"] = over
			if typ == "MedicationRequest" {
				o["statusReason"] = coded(codes("status-reason"), "discharged", "The patient was discharged")
			}
			_, err = w.put(o)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// deceased writes that the patient has died, unless that is known.
func (w *work) deceased(s *stay, at time.Time) error {
	if s.patient == "" {
		return nil
	}
	r, err := w.tx.Read(w.ctx, "Patient", s.patient)
	if gone(err) {
		return nil
	}
	if err != nil || r.Root().Get("deceasedDateTime").Exists() {
		return err
	}
	o := objectOf(r)
	delete(o, "deceasedBoolean")
	o["deceasedDateTime"] = instant(at)
	_, err = w.put(o)
	return err
}
