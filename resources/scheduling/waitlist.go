package scheduling

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// waitlistExtension is of an Appointment that waits: priority, how often a time was offered (offer-count), and which (offered).
const waitlistExtension = ours + "waitlist"

// waits refuses a place on the waiting list without a time that it is for, and a second one for the same service.
func (m *Module) waits(ctx context.Context, tx fhir.Tx, a *appointment) error {
	if trusted(ctx) {
		return nil
	}
	wanted := false
	for p := range a.root.Each("requestedPeriod") {
		wanted = wanted || p.Get("start").Exists() || p.Get("end").Exists()
	}
	switch {
	case !wanted:
		return refuse(fhir.Required, "required", "who waits says for what time: requestedPeriod is missing", "Appointment.requestedPeriod")
	case len(a.patients) == 0:
		return refuse(fhir.Required, "required", "who waits is a participant: there is no patient", "Appointment.participant")
	}
	mine := codings(a.root, "serviceType")
	for _, patient := range a.patients {
		others, err := m.found(ctx, tx, "Appointment", 0, fhir.Param{Name: "actor", Value: patient}, fhir.Param{Name: "status", Value: waiting})
		if err != nil {
			return err
		}
		for _, r := range others {
			theirs := codings(r.Root(), "serviceType")
			if r.ID() != a.id() && (len(mine) == 0 && len(theirs) == 0 || slices.ContainsFunc(mine, func(c string) bool { return slices.Contains(theirs, c) })) {
				return refuse(fhir.BusinessRule, "duplicate", "the patient waits for this service already", "Appointment.serviceType")
			}
		}
	}
	return nil
}

// waitlist is our Appointment/$waitlist.
func (m *Module) waitlist(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	in := req.Input.Get("appointment-resource")
	o := objectOf(in.Value)
	for _, name := range []string{"start", "end", "slot", "contained", "minutesDuration"} {
		delete(o, name)
	}
	o["id"], o["status"] = m.config.NewID(), waiting
	if _, has := o["created"]; !has {
		o["created"] = instant(m.config.Now())
	}
	place := object{"extension": list(object{"url": "offer-count", "valueInteger": 0})}
	if text := req.Input.Text("priority"); text != "" {
		n, _ := strconv.Atoi(text)
		o["priority"] = n
	}
	extend(o, waitlistExtension, place)
	r, err := build(o)
	if err != nil {
		return nil, err
	}
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) { return m.create(ctx, tx, r) }, one)
}

const recordReleased = "scheduling-released"

// releasedTime is a time that has come free.
type releasedTime struct {
	Schedule string    `json:"schedule"`
	Start    time.Time `json:"start"`
	End      time.Time `json:"end"`
}

// released remembers a time that has come free, for the sweeper to offer it to who waits, if anybody does.
func (m *Module) released(ctx context.Context, tx fhir.Tx, s *slot) error {
	if now := m.config.Now(); !s.start.After(now) {
		return nil
	}
	waits, err := m.found(ctx, tx, "Appointment", 1, fhir.Param{Name: "status", Value: waiting})
	if err != nil || len(waits) == 0 {
		return err
	}
	value, err := json.Marshal(releasedTime{s.schedule, s.start, s.end})
	if err != nil {
		return err
	}
	return tx.Keep(smart.System(ctx), &fhir.Record{Kind: recordReleased, Key: s.start.UTC().Format("20060102T150405") + "/" + s.schedule, Expires: s.start, Value: value})
}
