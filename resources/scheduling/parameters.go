package scheduling

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
)

// What is ours in scheduling: extensions and the code system that a HealthcareService and a Schedule belong together by.
const (
	ours                 = fhir.CanonicalBase + "/StructureDefinition/"
	schedulingParameters = ours + "scheduling-parameters"
	patientBooking       = ours + "patient-booking" // of a HealthcareService: none, request or instant; none where it is not said
	visitType            = fhir.CanonicalBase + "/CodeSystem/visit-type"
)

// parameters are what the extension scheduling-parameters comes to for a Schedule and a HealthcareService.
type parameters struct {
	availability.Rules               // zone, duration, alignment, buffers, capacity, limits, lead times, hours
	hold               time.Duration // how long a hold lasts
	cancellation       time.Duration // before the start; cancelling later is late
	own                bool          // the limits are the Schedule's own, so that bookings of any service count
}

const (
	defaultInterval     = 15 * time.Minute
	defaultMost         = 365 * 24 * time.Hour
	defaultHold         = 10 * time.Minute
	maxHold             = 30 * time.Minute
	defaultCancellation = 24 * time.Hour
)

// parameterSets are the extensions that say something for the pair, the most special first.
func parameterSets(schedule, service fhir.Element) (sets []fhir.Element) {
	var general []fhir.Element
	for e := range schedule.Each("extension") {
		if e.Get("url").Text() != schedulingParameters {
			continue
		}
		switch of := part(e, "service"); {
		case !of.Exists():
			general = append(general, e)
		case service.Exists() && of.Get("valueReference").Get("reference").Text() == "HealthcareService/"+service.Get("id").Text():
			sets = append(sets, e)
		}
	}
	sets = append(sets, general...)
	for e := range service.Each("extension") {
		if e.Get("url").Text() == schedulingParameters {
			sets = append(sets, e)
		}
	}
	return sets
}

// part is the first part of a complex extension with a name.
func part(extension fhir.Element, name string) fhir.Element {
	for p := range extension.Each("extension") {
		if p.Get("url").Text() == name {
			return p
		}
	}
	return fhir.Element{}
}

// extension is the first extension of an element with a URL.
func extension(e fhir.Element, url string) fhir.Element { return part(e, url) }

// resolve works out the parameters of a Schedule for a HealthcareService, field by field: what the Schedule says for the service, what it says, what the
// service says, the default. Errors: BusinessRule where there is no duration or no zone, or what is stored cannot be read.
func (m *Module) resolve(ctx context.Context, tx fhir.Reader, schedule, service *fhir.Resource) (*parameters, error) {
	s, h := schedule.Root(), service.Root()
	sets := parameterSets(s, h)
	in := &parameterReader{sets: sets}
	p := &parameters{Rules: availability.Rules{
		Duration: in.duration("duration", 0), Interval: in.duration("alignmentInterval", defaultInterval), Offset: in.duration("alignmentOffset", 0),
		Before: in.duration("bufferBefore", 0), After: in.duration("bufferAfter", 0), Least: in.duration("minimumLeadTime", 0), Most: in.duration("maximumLeadTime", defaultMost),
		Capacity: 1, Ongoing: in.first("allowOngoing").Get("valueBoolean").Text() == "true",
	}, hold: in.duration("holdDuration", defaultHold), cancellation: in.duration("cancellationWindow", defaultCancellation)}
	if c := in.first("slotCapacity"); c.Exists() {
		p.Capacity = in.whole(c, c.Get("valuePositiveInt"), 1, maxCapacity)
	}
	for _, set := range sets {
		if part(set, "bookingLimit").Exists() {
			p.Limits, p.own = in.limits(set), strings.HasPrefix(set.Path(), "Schedule.") && !part(set, "service").Exists()
			break
		}
	}
	zone, err := m.zone(ctx, tx, in.first("timezone").Get("valueCode").Text(), s, h)
	if err != nil {
		return nil, err
	}
	p.Zone = zone
	if a := in.first("availability"); a.Exists() {
		in.hours(p, a)
	} else {
		in.serviceHours(p, h)
	}
	switch {
	case in.wrong != "":
		return nil, refuse(fhir.BusinessRule, "wrong-parameters", "the scheduling-parameters of "+schedule.Reference()+" or "+service.Reference()+" cannot be read: "+in.wrong)
	case p.Duration <= 0:
		return nil, refuse(fhir.BusinessRule, "no-duration", "neither "+schedule.Reference()+" nor "+service.Reference()+" says how long an appointment is")
	}
	return p, nil
}

// refuse makes an error with a code of the outcome-detail code system.
func refuse(code fhir.IssueType, detail, text string, expression ...string) *fhir.Outcome {
	o := fhir.NewOutcome(code, text, expression...)
	o.Issues[0].Detail = detail
	return o
}

// parameterReader reads the parts of scheduling-parameters, and remembers what it could not read.
type parameterReader struct {
	sets  []fhir.Element
	wrong string // what is wrong with the first part that is
	where string // and where that stands
}

func (in *parameterReader) fault(e fhir.Element, text string) {
	if in.wrong == "" {
		in.wrong, in.where = text, e.Path()
	}
}

// first is the part of a name in the most special set that has one.
func (in *parameterReader) first(name string) fhir.Element {
	for _, set := range in.sets {
		if p := part(set, name); p.Exists() {
			return p
		}
	}
	return fhir.Element{}
}

// duration is a Duration of whole minutes. A value without a unit is in minutes, or in days for the lead time at most.
func (in *parameterReader) duration(name string, otherwise time.Duration) time.Duration {
	p := in.first(name)
	if !p.Exists() {
		return otherwise
	}
	v := p.Get("valueDuration")
	d, ok := lengthOf(v, name == "maximumLeadTime")
	switch {
	case !ok:
		in.fault(p, name+" must be a valueDuration of minutes, hours, days or weeks")
	case d < 0, d%time.Minute != 0:
		in.fault(p, name+" must be whole minutes, and none less than 0")
	case (name == "duration" || name == "alignmentInterval") && d == 0, name == "alignmentInterval" && d > 24*time.Hour, name == "alignmentOffset" && d >= 24*time.Hour,
		name == "duration" && d > 31*24*time.Hour, strings.HasPrefix(name, "buffer") && d > 24*time.Hour, name == "holdDuration" && (d == 0 || d > maxHold):
		in.fault(p, name+" is out of bounds")
	default:
		return d
	}
	return otherwise
}

// lengthOf is the length of a Duration.
func lengthOf(v fhir.Element, days bool) (time.Duration, bool) {
	n, err := strconv.ParseFloat(v.Get("value").Text(), 64)
	if err != nil || math.Abs(n) > 1e6 {
		return 0, false
	}
	unit := v.Get("code").Text()
	if unit == "" {
		unit = v.Get("unit").Text()
	}
	scale := time.Minute
	switch unit {
	case "":
		if days {
			scale = 24 * time.Hour
		}
	case "s", "second", "seconds":
		scale = time.Second
	case "min", "minute", "minutes":
	case "h", "hour", "hours":
		scale = time.Hour
	case "d", "day", "days":
		scale = 24 * time.Hour
	case "wk", "week", "weeks":
		scale = 7 * 24 * time.Hour
	default:
		return 0, false
	}
	return time.Duration(math.Round(n * float64(scale))), true
}

// whole is a whole number within bounds, of a part that needs one.
func (in *parameterReader) whole(of, e fhir.Element, low, high int) int {
	n, err := strconv.Atoi(e.Text())
	if err != nil || n < low || n > high {
		in.fault(of, "a number is missing or out of bounds")
		return low
	}
	return n
}

func (in *parameterReader) limits(set fhir.Element) (list []availability.Limit) {
	for p := range set.Each("extension") {
		if p.Get("url").Text() != "bookingLimit" {
			continue
		}
		repeat := p.Get("valueTiming").Get("repeat")
		units := []string{"d", "wk", "mo"}
		unit := slices.Index(units, repeat.Get("periodUnit").Text())
		if unit < 0 {
			in.fault(p, "bookingLimit must be a valueTiming with frequency, period and a periodUnit of d, wk or mo")
			continue
		}
		list = append(list, availability.Limit{Most: in.whole(p, repeat.Get("frequency"), 1, 100_000), Count: in.whole(p, repeat.Get("period"), 1, 366), Unit: availability.Unit(unit)})
	}
	return list
}

// hours reads the part availability, which has the shape of R5's Availability.
func (in *parameterReader) hours(p *parameters, a fhir.Element) {
	for row := range a.Each("extension") {
		switch row.Get("url").Text() {
		case "availableTime":
			var days []string
			for day := range row.Each("extension") {
				if day.Get("url").Text() == "daysOfWeek" {
					days = append(days, day.Get("valueCode").Text())
				}
			}
			in.row(p, row, days, part(row, "allDay").Get("valueBoolean").Text() == "true", part(row, "availableStartTime").Get("valueTime").Text(), part(row, "availableEndTime").Get("valueTime").Text())
		case "notAvailableTime":
			in.closed(p, part(row, "during").Get("valuePeriod"))
		}
	}
}

// serviceHours reads what R4 has for that in a HealthcareService.
func (in *parameterReader) serviceHours(p *parameters, service fhir.Element) {
	for row := range service.Each("availableTime") {
		var days []string
		for day := range row.Each("daysOfWeek") {
			days = append(days, day.Text())
		}
		in.row(p, row, days, row.Get("allDay").Text() == "true", row.Get("availableStartTime").Text(), row.Get("availableEndTime").Text())
	}
	for row := range service.Each("notAvailable") {
		in.closed(p, row.Get("during"))
	}
}

func (in *parameterReader) row(p *parameters, e fhir.Element, days []string, allDay bool, from, to string) {
	h := availability.Hours{To: 24 * time.Hour}
	for _, day := range days {
		n := slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, day)
		if n < 0 {
			in.fault(e, "a day of the week is none of mon to sun")
			return
		}
		h.Days |= 1 << n
	}
	if !allDay {
		for _, side := range []struct {
			text string
			at   *time.Duration
		}{{from, &h.From}, {to, &h.To}} {
			if side.text == "" {
				continue
			}
			t, err := time.Parse(time.TimeOnly, side.text)
			if err != nil {
				in.fault(e, "a time of day cannot be read")
				return
			}
			*side.at = t.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
		}
	}
	p.Hours = append(p.Hours, h)
}

// closed reads a period in which nothing is available. An end that is a date includes the day.
func (in *parameterReader) closed(p *parameters, during fhir.Element) {
	if !during.Exists() {
		return
	}
	if s, ok := periodOf(during, p.Zone); ok {
		p.Closed = append(p.Closed, s)
		return
	}
	in.fault(during, "a period cannot be read, or ends before it starts")
}

// farFuture stands for the end of a period that has none.
func farFuture() time.Time { return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }

// periodOf is the time of a Period; a side that is not said is open. It reports false for what ends before it starts.
func periodOf(e fhir.Element, zone *time.Location) (availability.Span, bool) {
	s := availability.Span{End: farFuture()}
	if text := e.Get("start").Text(); text != "" {
		t, ok := fhir.ParseTemporal(text, zone)
		if !ok {
			return s, false
		}
		s.Start = t.Low
	}
	if text := e.Get("end").Text(); text != "" {
		t, ok := fhir.ParseTemporal(text, zone)
		if !ok {
			return s, false
		}
		if s.End = t.Low; t.Precision <= fhir.Day {
			s.End = t.High
		}
	}
	return s, s.Start.Before(s.End)
}
