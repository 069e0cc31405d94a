package automation

import (
	"context"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// soundRequirement says what is wrong with a DataRequirement (http://hl7.org/fhir/R4/metadatatypes.html#DataRequirement).
func (m *Module) soundRequirement(d fhir.Element) error {
	refuse := func(text string, e fhir.Element, element string) error {
		return fhir.NewOutcome(fhir.BusinessRule, text, e.Path()+element)
	}
	typ := d.Get("type").Text()
	any := typ == "Resource" || typ == "DomainResource"
	if !any && !m.config.Spec.IsResource(typ) {
		return refuse("this is no resource type, and nothing else is changed here", d, ".type")
	}
	for _, name := range []string{"codeFilter", "dateFilter"} {
		for f := range d.Each(name) {
			text, code := f.Get("path").Text(), f.Get("searchParam").Text()
			switch {
			case (text == "") == (code == ""):
				return refuse("a filter needs 'path' or 'searchParam', and not both", f, ".path")
			case text != "":
				if _, err := m.exprs.compile(text); err != nil {
					return refuse("the path is no FHIRPath", f, ".path")
				}
			case any || m.config.Params.Param(typ, code) == nil:
				return refuse("the type has no such search parameter", f, ".searchParam")
			}
		}
	}
	return nil
}

// meets reports whether the resource, which is of the type, has the profile, the codes and the dates that a requirement names.
func (s *situation) meets(ctx context.Context, d fhir.Element) (bool, error) {
	if d.Get("profile").Exists() && !s.profiled(d) {
		return false, nil
	}
	for f := range d.Each("codeFilter") {
		if ok, err := s.coded(ctx, f); !ok || err != nil {
			return false, err
		}
	}
	for f := range d.Each("dateFilter") {
		if ok, err := s.dated(ctx, f); !ok || err != nil {
			return false, err
		}
	}
	return true, nil
}

// profiled reports whether the resource claims one of the profiles, or one is R4's own definition of its type.
func (s *situation) profiled(d fhir.Element) bool {
	for p := range d.Each("profile") {
		url, _, _ := strings.Cut(p.Text(), "|")
		if url == "http://hl7.org/fhir/StructureDefinition/"+s.resource.Type() {
			return true
		}
		for claimed := range s.resource.Root().Get("meta").Each("profile") {
			if name, _, _ := strings.Cut(claimed.Text(), "|"); name == url {
				return true
			}
		}
	}
	return false
}

// coded decides a code filter: one of its codes, or a member of its value set.
func (s *situation) coded(ctx context.Context, f fhir.Element) (bool, error) {
	var wanted []string
	for c := range f.Each("code") {
		text := c.Get("code").Text()
		if system := c.Get("system").Text(); system != "" {
			text = search.Escape(system) + "|" + search.Escape(text)
		} else {
			text = search.Escape(text)
		}
		wanted = append(wanted, text)
	}
	set := f.Get("valueSet").Text()
	if code := f.Get("searchParam").Text(); code != "" {
		if len(wanted) > 0 {
			if ok, err := s.searched(ctx, fhir.Param{Name: code, Value: strings.Join(wanted, ",")}); ok || err != nil {
				return ok, err
			}
		}
		if set != "" {
			return s.searched(ctx, fhir.Param{Name: code + ":in", Value: search.Escape(set)})
		}
		return len(wanted) == 0, nil
	}
	values, err := s.at(ctx, f.Get("path").Text())
	if err != nil {
		return false, err
	}
	for _, v := range values {
		if holdsCode(v, slices.Collect(f.Each("code"))) {
			return true, nil
		}
		if set != "" {
			result, known, err := s.evaluatorTerms().MemberOf(ctx, v, set)
			if err != nil {
				return false, err
			}
			if known && result {
				return true, nil
			}
		}
	}
	return len(wanted) == 0 && set == "" && len(values) > 0, nil
}

func (s *situation) evaluatorTerms() *terminology.Evaluator {
	return terminology.New(s.m.config.Spec, s.m.config.Params, s.tx, &s.m.terms)
}

// searched decides by a search parameter.
func (s *situation) searched(ctx context.Context, p fhir.Param) (bool, error) {
	q, _, err := s.m.config.Params.Parse(s.resource.Type(), fhir.Params{p}, search.Options{Strict: true, Base: s.m.config.BaseURL, Now: func() time.Time { return s.now }})
	if err != nil {
		return false, err
	}
	if q, _, err = s.evaluatorTerms().Resolve(ctx, q, false); err != nil {
		return false, err
	}
	return s.m.config.Params.Matcher(s.resource.Type(), q.Where).Match(s.resource, nil), nil
}

// at is what stands at a path in the resource.
func (s *situation) at(ctx context.Context, text string) ([]path.Value, error) {
	x, err := s.m.exprs.compile(text)
	if err != nil {
		return nil, err
	}
	return s.evaluator().Eval(ctx, x, s.focus(), nil)
}

// holdsCode reports whether a code, Coding, CodeableConcept, Identifier or string is one of the codes.
func holdsCode(v path.Value, codes []fhir.Element) bool {
	e := v.Element()
	is := func(system, code string) bool {
		return slices.ContainsFunc(codes, func(c fhir.Element) bool {
			wanted := c.Get("system").Text()
			return c.Get("code").Text() == code && (wanted == "" || system == "" && e.Kind() == fhir.String || wanted == system)
		})
	}
	if e.Kind() != fhir.Object {
		return is("", v.String())
	}
	for coding := range e.Each("coding") {
		if is(coding.Get("system").Text(), coding.Get("code").Text()) {
			return true
		}
	}
	return is(e.Get("system").Text(), e.Get("code").Text()) || is(e.Get("system").Text(), e.Get("value").Text())
}

// dated decides a date filter: something of the resource lies, at least in part, in the time that it names.
func (s *situation) dated(ctx context.Context, f fhir.Element) (bool, error) {
	from, to, ok := s.window(f)
	if !ok {
		return false, fhir.NewOutcome(fhir.Invalid, "a date filter needs valueDateTime, valuePeriod or valueDuration", f.Path())
	}
	if code := f.Get("searchParam").Text(); code != "" {
		const format = "2006-01-02T15:04:05.000Z"
		for _, p := range []fhir.Param{{Name: code, Value: "ge" + from.UTC().Format(format)}, {Name: code, Value: "lt" + to.UTC().Format(format)}} {
			if from.IsZero() && p.Value[0] == 'g' || to.IsZero() && p.Value[0] == 'l' {
				continue
			}
			if ok, err := s.searched(ctx, p); !ok || err != nil {
				return false, err
			}
		}
		return true, nil
	}
	values, err := s.at(ctx, f.Get("path").Text())
	if err != nil {
		return false, err
	}
	for _, v := range values {
		low, high, ok := span(v)
		if ok && (to.IsZero() || low.Before(to)) && (from.IsZero() || high.IsZero() || high.After(from)) {
			return true, nil
		}
	}
	return false, nil
}

// window is the time that a date filter names; zero = open. A duration is the time up to now.
func (s *situation) window(f fhir.Element) (from, to time.Time, ok bool) {
	if v := f.Get("valueDateTime"); v.Exists() {
		t, ok := fhir.ParseTemporal(v.Text(), time.UTC)
		return t.Low, t.High, ok
	}
	if v := f.Get("valuePeriod"); v.Exists() {
		from, to = period(v)
		return from, to, true
	}
	if v := f.Get("valueDuration"); v.Exists() {
		d, ok := readDuration(v)
		return d.back(s.now), s.now.Add(time.Nanosecond), ok
	}
	return from, to, false
}

// span is the time that a date, dateTime, instant, Period or Timing with events covers.
func span(v path.Value) (low, high time.Time, ok bool) {
	e := v.Element()
	if e.Kind() == fhir.Object {
		if e.Get("event").Exists() {
			for event := range e.Each("event") {
				if t, is := fhir.ParseTemporal(event.Text(), time.UTC); is {
					if low.IsZero() || t.Low.Before(low) {
						low = t.Low
					}
					if t.High.After(high) {
						high = t.High
					}
					ok = true
				}
			}
			return low, high, ok
		}
		low, high = period(e)
		return low, high, !low.IsZero() || !high.IsZero()
	}
	t, ok := fhir.ParseTemporal(v.String(), time.UTC)
	return t.Low, t.High, ok
}

// period reads a Period; zero = open.
func period(e fhir.Element) (from, to time.Time) {
	if t, ok := fhir.ParseTemporal(e.Get("start").Text(), time.UTC); ok {
		from = t.Low
	}
	if t, ok := fhir.ParseTemporal(e.Get("end").Text(), time.UTC); ok {
		to = t.High
	}
	return from, to
}
