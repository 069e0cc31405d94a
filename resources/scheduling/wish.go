package scheduling

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// wish is what $find is asked for.
type wish struct {
	window       span
	visitTypes   []string // tokens, as they were written
	specialties  []string
	reasons      []string
	places       []string    // parts of names and addresses
	whose        [][]*target // who takes part: of each kind one, in the order of preference
	open         bool        // nobody was named: whose are all Schedules of the services
	locations    []*target   // where it is to be, of those that have no Schedule
	organization []string    // references
	services     []string    // ids
	insurance    []string    // references to InsurancePlans
	patients     []string    // references, in the offers
	busy         []string    // references to patients whose time counts
	referral     *fhir.Resource
	timing       fhir.Element
	ignore       string // reference to an Appointment
	occurrences  int    // 1 = a single one
	best         bool
	count        int
	offset       int
}

// target is something with Schedules that was asked for.
type target struct {
	reference string
	schedules []*fhir.Resource
}

// Bounds of $find.
const (
	defaultCount    = 20
	maxCount        = 200
	maxWindow       = 31*24*time.Hour + time.Hour // a month in which the clocks are put back
	maxSeriesWindow = 7*24*time.Hour + time.Hour
	maxWeeks        = 52
)

// readWish reads the parameters. Errors: Invalid, Value and TooCostly for what they say.
func readWish(in fhir.Parameters) (*wish, error) {
	w := &wish{occurrences: 1, count: defaultCount, visitTypes: in.Texts("visit-type"), specialties: in.Texts("specialty"), reasons: in.Texts("reason"), places: in.Texts("location-string"), timing: in.Get("timing").Value}
	var err error
	if w.window, err = windowOf(in); err != nil {
		return nil, err
	}
	if text := in.Text("occurrence-count"); text != "" {
		if w.occurrences, err = strconv.Atoi(text); err != nil || w.occurrences < 2 || w.occurrences > maxWeeks {
			return nil, refuse(fhir.Value, "range", "occurrence-count must be 2 to 52", "Parameters.parameter")
		}
		if in.Get("ignore-appointment").Value.Exists() {
			return nil, fhir.NewOutcome(fhir.Invalid, "occurrence-count and ignore-appointment exclude each other", "Parameters.parameter")
		}
	}
	if length := w.window.end.Sub(w.window.start); length > maxWindow || w.occurrences > 1 && length > maxSeriesWindow {
		return nil, refuse(fhir.TooCostly, "range", "no more than 31 days can be searched at once, and 7 with occurrence-count", "Parameters.parameter")
	}
	switch rank := in.Text("rank"); rank {
	case "best":
		w.best = true
	case "", "earliest":
	default:
		return nil, fhir.NewOutcome(fhir.CodeInvalid, "rank must be earliest or best", "Parameters.parameter")
	}
	for _, n := range []struct {
		name  string
		least int
		value *int
	}{{"_count", 0, &w.count}, {"_offset", 0, &w.offset}} {
		if text := in.Text(n.name); text != "" {
			if *n.value, err = strconv.Atoi(text); err != nil || *n.value < n.least {
				return nil, fhir.Errorf(fhir.Value, "the value of '%s' must be 0 or more", n.name)
			}
		}
	}
	w.count = min(w.count, maxCount)
	for _, token := range slices.Concat(w.visitTypes, w.specialties, w.reasons) {
		if strings.Trim(token, "| ") == "" {
			return nil, fhir.NewOutcome(fhir.Value, "visit-type, specialty and reason must be tokens: system|code", "Parameters.parameter")
		}
	}
	for _, place := range w.places {
		if strings.TrimSpace(place) == "" {
			return nil, fhir.NewOutcome(fhir.Value, "location-string must not be empty", "Parameters.parameter")
		}
	}
	return w, nil
}

// windowOf reads start and end. An end that is a date includes the day.
func windowOf(in fhir.Parameters) (span, error) {
	start, ok := fhir.ParseTemporal(in.Text("start"), time.UTC)
	end, ok2 := fhir.ParseTemporal(in.Text("end"), time.UTC)
	if !ok || !ok2 {
		return span{}, refuse(fhir.Value, "range", "start and end must be dateTimes", "Parameters.parameter")
	}
	s := span{start.Low, end.Low}
	if end.Precision <= fhir.Day {
		s.end = end.High
	}
	if !s.start.Before(s.end) {
		return span{}, refuse(fhir.Invalid, "range", "start must be before end", "Parameters.parameter")
	}
	return s, nil
}

// tokenMatches reports whether a token of the request ("system|code", "code", "|code") is one of some codings.
func tokenMatches(token string, codings []string) bool {
	system, code, both := strings.Cut(token, "|")
	return slices.ContainsFunc(codings, func(c string) bool {
		s, value, _ := strings.Cut(c, "|")
		switch {
		case !both:
			return value == system
		case code == "":
			return s == system
		}
		return s == system && value == code
	})
}

// resolver looks up what a wish names.
type resolver struct {
	m  *Module
	tx fhir.Tx
	in fhir.Parameters
	w  *wish
}

// references are the resources that the parameters of a name refer to, literally or by an identifier. Errors: NotFound for what there is not.
func (r *resolver) references(ctx context.Context, name string, types ...string) (list []*fhir.Resource, err error) {
	for p := range r.in.Each(name) {
		found, err := r.reference(ctx, name, p.Value, types)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func (r *resolver) reference(ctx context.Context, name string, value fhir.Element, types []string) ([]*fhir.Resource, error) {
	unknown := refuse(fhir.NotFound, "", "a reference of the parameter '"+name+"' leads nowhere", "Parameters.parameter")
	if text := value.Get("reference").Text(); text != "" {
		ref := fhir.ParseReference(text)
		if ref.ID == "" && fhir.ValidID(text) && len(types) == 1 {
			ref.Type, ref.ID = types[0], text
		}
		if !slices.Contains(types, ref.Type) || ref.ID == "" || ref.Base != "" && r.m.config.BaseURL != "" && ref.Base != r.m.config.BaseURL {
			return nil, unknown
		}
		found, err := r.m.read(ctx, r.tx, ref.Type, ref.ID)
		if err != nil {
			return nil, err
		}
		if found == nil {
			return nil, unknown
		}
		return []*fhir.Resource{found}, nil
	}
	id := value.Get("identifier")
	if id.Get("value").Text() == "" {
		return nil, unknown
	}
	if typ := value.Get("type").Text(); slices.Contains(types, typ) {
		types = []string{typ}
	}
	for _, typ := range types {
		found, err := r.identified(ctx, typ, id)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			return found, nil
		}
	}
	return nil, unknown
}

// identified are the resources of a type with an identifier.
func (r *resolver) identified(ctx context.Context, typ string, identifier fhir.Element) ([]*fhir.Resource, error) {
	value := search.Escape(identifier.Get("value").Text())
	if system := identifier.Get("system").Text(); system != "" {
		value = search.Escape(system) + "|" + value
	}
	return r.m.found(ctx, r.tx, typ, 10, fhir.Param{Name: "identifier", Value: value})
}

// patients reads who is to come. Somebody who sees one record can only ask for who they see; nobody else's time is told by what is left out.
func (r *resolver) patients(ctx context.Context) error {
	list, err := r.references(ctx, "patient-reference", "Patient")
	if err != nil {
		return err
	}
	p := smart.From(ctx)
	for _, one := range list {
		// It is read as whoever asks where they may, so that the audit trail names the patient.
		if _, err := r.tx.Read(ctx, "Patient", one.ID()); err != nil && !staff(ctx) && p.Patient != one.ID() {
			return refuse(fhir.NotFound, "", "a reference of the parameter 'patient-reference' leads nowhere", "Parameters.parameter")
		}
		r.w.patients = append(r.w.patients, one.Reference())
	}
	r.w.busy = r.w.patients
	if len(r.w.busy) == 0 && !staff(ctx) && p.Patient != "" {
		r.w.busy = []string{"Patient/" + p.Patient}
	}
	return nil
}

// referral finds the ServiceRequest of referral-identifier.
func (r *resolver) referral(ctx context.Context) error {
	value := r.in.Get("referral-identifier").Value
	if !value.Exists() {
		return nil
	}
	found, err := r.identified(ctx, "ServiceRequest", value)
	if err != nil {
		return err
	}
	found = slices.DeleteFunc(found, func(one *fhir.Resource) bool {
		subject := fhir.ParseReference(one.Root().Get("subject").Get("reference").Text()).Relative()
		return len(r.w.busy) > 0 && !slices.Contains(r.w.busy, subject) || !staff(ctx) && !slices.Contains(r.w.busy, subject)
	})
	if len(found) == 0 {
		return refuse(fhir.NotFound, "", "there is no such referral", "Parameters.parameter")
	}
	r.w.referral = found[0]
	return nil
}
