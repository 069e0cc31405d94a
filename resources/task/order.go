package task

import (
	"context"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// inOrder refuses to begin or complete a step before those that it comes after. Error: BusinessRule, step-out-of-order, one issue for each.
func (m *Module) inOrder(ctx context.Context, tx fhir.Tx, now pending, r *fhir.Resource) error {
	before, err := m.predecessors(ctx, tx, now, r)
	if err != nil {
		return err
	}
	wrong := &fhir.Outcome{}
	for _, other := range before {
		if ended(other) {
			continue
		}
		o := refused("step-out-of-order", "the step comes after "+label(other)+", which is "+other.Root().Get("status").Text()+
			": it is completed first, or cancelled with a statusReason", "Task.status")
		o.Issues[0].Diagnostics = `{"predecessor":` + strconv.Quote(other.Reference()) + `}`
		wrong.Issues = append(wrong.Issues, o.Issues...)
	}
	if len(wrong.Issues) > 0 {
		return wrong
	}
	return nil
}

// ended reports whether what comes after a Task may begin. A step that was entered in error has never been one.
func ended(r *fhir.Resource) bool {
	switch root := r.Root(); root.Get("status").Text() {
	case "completed", "entered-in-error":
		return true
	case "cancelled":
		return root.Get("statusReason").Exists()
	}
	return false
}

// predecessors are the Tasks that a step comes after, by its inputs, by the RequestGroup that it is based on or, without one, by its place
// in its group. Those that are not here, or not any more, hold up nobody.
func (m *Module) predecessors(ctx context.Context, tx fhir.Tx, now pending, r *fhir.Resource) (list []*fhir.Resource, err error) {
	names := afters(r)
	groups := requestGroups(r)
	for _, name := range groups {
		group, err := m.read(ctx, tx, name, "RequestGroup")
		if err != nil {
			return nil, err
		}
		if group != nil {
			names = append(names, related(group, r.Reference())...)
		}
	}
	seen := map[string]bool{r.Reference(): true}
	for _, name := range names {
		if seen[name] {
			continue
		}
		seen[name] = true
		other := now[name]
		if other == nil {
			if other, err = m.read(ctx, tx, name, "Task"); err != nil {
				return nil, err
			}
		}
		if other != nil {
			list = append(list, other)
		}
	}
	place, placed := sequenceOf(r)
	key := groupIdentifier(r)
	if !placed || key == "" || len(groups) > 0 {
		return list, nil
	}
	err = m.each(ctx, tx, "Task", fhir.Params{{Name: "group-identifier", Value: escaped(key)}}, func(other *fhir.Resource) bool {
		if next := now[other.Reference()]; next != nil {
			other = next
		}
		if n, ok := sequenceOf(other); ok && n < place && isRequired(other) && !seen[other.Reference()] {
			list = append(list, other)
		}
		return true
	})
	return list, err
}

// escaped is a token "system|value" as a search has it.
func escaped(key string) string {
	system, value, _ := strings.Cut(key, "|") // no URI has a bar
	return search.Escape(system) + "|" + search.Escape(value)
}
