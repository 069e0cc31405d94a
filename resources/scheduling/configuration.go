package scheduling

import (
	"context"
	"fmt"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
)

// configurationRule refuses a Schedule or HealthcareService whose scheduling-parameters cannot be read, so that nobody finds out when a patient calls.
// Errors: Value, with the element.
func (m *Module) configurationRule(_ context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil {
		return nil, nil
	}
	root := c.After.Root()
	for e := range root.Each("extension") {
		switch e.Get("url").Text() {
		case schedulingParameters:
			if text, where := faultOf(e); text != "" {
				return nil, refuse(fhir.Value, "wrong-parameters", text, where)
			}
		case patientBooking:
			if code := e.Get("valueCode").Text(); code != "none" && code != "request" && code != "instant" {
				return nil, refuse(fhir.Value, "wrong-parameters", "patient-booking must be a valueCode of none, request or instant", e.Path())
			}
		}
	}
	return nil, nil
}

// faultOf is what is wrong with an extension scheduling-parameters, and where.
func faultOf(set fhir.Element) (text, where string) {
	in := &parameterReader{sets: []fhir.Element{set}}
	p := &parameters{Rules: availability.Rules{Zone: time.UTC}}
	for _, name := range []string{
		"duration", "alignmentInterval", "alignmentOffset", "bufferBefore", "bufferAfter", "minimumLeadTime", "maximumLeadTime", "holdDuration", "cancellationWindow",
	} {
		in.duration(name, 0)
	}
	in.limits(set)
	if c := part(set, "slotCapacity"); c.Exists() {
		in.whole(c, c.Get("valuePositiveInt"), 1, maxCapacity)
	}
	if a := part(set, "availability"); a.Exists() {
		in.hours(p, a)
	}
	if z := part(set, "timezone"); z.Exists() {
		if _, err := loadZone(z.Get("valueCode").Text()); err != nil {
			in.fault(z, "timezone must be a valueCode with the name of an IANA time zone")
		}
	}
	if o := part(set, "allowOngoing"); o.Exists() && o.Get("valueBoolean").Text() == "" {
		in.fault(o, "allowOngoing must be a valueBoolean")
	}
	if s := part(set, "service"); s.Exists() && !strings.HasPrefix(s.Get("valueReference").Get("reference").Text(), "HealthcareService/") {
		in.fault(s, "service must be a valueReference to a HealthcareService")
	}
	if len(p.Hours) > maxRows || len(p.Closed) > maxRows {
		in.fault(set, fmt.Sprintf("there are more than %d opening hours or closed periods", maxRows))
	}
	return in.wrong, in.where
}

// Bounds of a configuration.
const (
	maxCapacity = 10_000
	maxRows     = 1000
)
