package encounter

import (
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// named is the reference that a parameter has; "" where there is no such parameter. Errors: Value for what refers to no resource of the types here.
func (m *Module) named(p fhir.Parameter, types ...string) (fhir.Reference, error) {
	if !p.Value.Exists() {
		return fhir.Reference{}, nil
	}
	ref, ok := m.local(p.Value.Get("reference").Text())
	if !ok || !slices.Contains(types, ref.Type) {
		return ref, fhir.NewOutcome(fhir.Value, "the parameter '"+p.Name+"' must be a reference to a "+strings.Join(types, " or ")+" of this server", p.Value.Path())
	}
	return ref, nil
}

// given reads the resource that a parameter refers to, as the caller; nil where there is no such parameter.
func (w *work) given(name string, types ...string) (*fhir.Resource, error) {
	return w.from(w.req.Input.Get(name), types...)
}

func (w *work) from(p fhir.Parameter, types ...string) (*fhir.Resource, error) {
	ref, err := w.m.named(p, types...)
	if err != nil || ref.ID == "" {
		return nil, err
	}
	r, err := w.seen(ref.Type, ref.ID)
	if gone(err) {
		return nil, fhir.NewOutcome(fhir.NotFound, "what the parameter '"+p.Name+"' refers to is not here", p.Value.Path())
	}
	return r, err
}

// at is the time that the parameter 'at' gives, or now; last is when the last thing happened that it comes after, as far as is known. Errors:
// Conflict (period-overlap) for a time that is to come, or before last.
func (w *work) at(last time.Time) (time.Time, error) {
	p := w.req.Input.Get("at")
	t, ok := when(p.Value)
	if !ok { // others may know of less than a second
		t = latest(w.now, last.Truncate(time.Millisecond))
	}
	switch {
	case t.After(w.m.config.Now()):
		return t, refused(fhir.Conflict, periodOverlap, "the time is to come", p.Value.Path())
	case t.Before(last):
		return t, refused(fhir.Conflict, periodOverlap, "something is known of the stay that happened later than this", p.Value.Path())
	}
	return t, nil
}

func latest(times ...time.Time) (last time.Time) {
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// values are the values of a parameter, as they are.
func (w *work) values(name string) (list []any) {
	for p := range w.req.Input.Each(name) {
		list = append(list, fhir.Tree(p.Value))
	}
	return list
}
