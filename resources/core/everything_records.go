package core

import (
	"context"
	"slices"

	"andiron.dev/fhir"
)

// advance goes to the next record: the one that the URL names, the next of all that the caller may see, or the next member of the Group.
func (w *walk) advance(ctx context.Context, tx fhir.Tx) error {
	switch {
	case w.req.Type == "Group":
		return w.nextMember(ctx, tx)
	case w.req.ID == "":
		return w.nextOfAll(ctx, tx)
	case w.at.Last != "":
		w.at = place{Done: true}
	default:
		w.at = place{Record: w.req.ID}
	}
	return nil
}

func (w *walk) nextOfAll(ctx context.Context, tx fhir.Tx) error {
	if w.at.Last != "" && w.at.List == "" {
		w.at = place{Done: true}
		return nil
	}
	q, err := w.m.query(w.req, w.record())
	if err != nil {
		return err
	}
	q.Count, q.After = 1, w.at.List
	page, err := tx.Search(ctx, q)
	if err != nil {
		return err
	}
	if len(page.Resources) == 0 {
		w.at = place{Done: true}
		return nil
	}
	w.at = place{Record: page.Resources[0].ID(), List: page.Next}
	return nil
}

// nextMember goes through the Patients of the Group in the order of their ids, so that it goes on where it was when the Group has changed
// meanwhile. The Group itself is there before its first member.
func (w *walk) nextMember(ctx context.Context, tx fhir.Tx) error {
	group, err := tx.Read(ctx, "Group", w.req.ID)
	if err != nil {
		return err
	}
	if w.at == (place{}) && w.wanted("Group") && w.current(group) {
		w.add(group)
	}
	ids, err := w.members(ctx, tx, group, make(map[string]bool))
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range ids {
		if id > w.at.Last {
			w.at = place{Record: id, Last: w.at.Last}
			return nil
		}
	}
	w.at = place{Done: true}
	return nil
}

// maxGroups bounds the Groups that a Group consists of.
const maxGroups = 100

// members are the Patients in a Group and in the Groups that are in it. Members that have been inactivated are none.
func (w *walk) members(ctx context.Context, tx fhir.Tx, group *fhir.Resource, seen map[string]bool) (ids []string, err error) {
	seen[group.ID()] = true
	if len(seen) > maxGroups {
		return nil, fhir.Errorf(fhir.TooCostly, "the Group consists of more than %d Groups", maxGroups)
	}
	for member := range group.Root().Each("member") {
		ref, ok := w.m.local(member.Get("entity").Get("reference").Text(), w.m.base(w.req))
		switch {
		case !ok || member.Get("inactive").Text() == "true":
		case ref.Type == "Patient":
			ids = append(ids, ref.ID)
		case ref.Type == "Group" && !seen[ref.ID]:
			inner, err := tx.Read(ctx, "Group", ref.ID)
			if missing(err) {
				continue
			}
			if err != nil {
				return nil, err
			}
			more, err := w.members(ctx, tx, inner, seen)
			if err != nil {
				return nil, err
			}
			ids = append(ids, more...)
		}
	}
	return ids, nil
}
