package mongo

import (
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Bounds of what is resolved to ids: a filter has to fit into a message, with room for the rest of it.
const (
	maxResolved   = 200_000 // ids of one query
	resolvedBatch = 20_000  // ids that stand in one $in
)

// maxCommand is how much of a command may be lists: MongoDB takes 16 MiB of it.
const maxCommand = 15 << 20

// fits fails where the lists of a filter or pipeline are more than a command takes. One id may be looked for in several places.
func fits(command any) error {
	if listed(command) > maxCommand {
		return fhir.NewOutcome(fhir.TooCostly, "the search leads through more resources than fit into one question to the store; narrow what is chained")
	}
	return nil
}

// listed is how many bytes the lists of texts in a filter or pipeline take.
func listed(v any) (n int) {
	switch v := v.(type) {
	case bson.D:
		for _, e := range v {
			n += listed(e.Value)
		}
	case bson.A:
		for _, item := range v {
			n += listed(item)
		}
	case []any:
		for _, item := range v {
			n += listed(item)
		}
	case []string:
		for _, text := range v {
			n += len(text) + 13 // its type, its place in digits, its length and two zeros
		}
	case string:
		n = len(v) + 13
	}
	return n
}

func (c *compiler) bounded(n int) error {
	if *c.ids+n > maxResolved {
		return fhir.Errorf(fhir.TooCostly, "the search leads through more than %d resources; narrow what is chained", maxResolved)
	}
	return nil
}

func byIDs(ids []string) bson.D {
	if len(ids) == 0 {
		return none()
	}
	return bson.D{field("_id", oneOf(ids))}
}

// referenceConditions are those of one alternative; prefix stands before the names of fields.
func referenceConditions(t search.ReferenceTest, prefix string) (list interval) {
	list = append(list, field(prefix+"k", t.ID))
	switch {
	case t.URL:
		list = append(list, field(prefix+"v", ""))
	case t.Type != "":
		list = append(list, field(prefix+"v", t.Type))
	default:
		list = append(list, field(prefix+"v", bson.D{field("$gt", "")}))
	}
	if !t.URL {
		list = append(list, field(prefix+"b", bases(t.Base, t.Own)))
	}
	if t.Version != "" {
		list = append(list, field(prefix+"n", t.Version))
	}
	return list
}

// bases are the bases of references that lead to the server meant: base, or, without one, this one, under whatever name.
func bases(base, own string) any {
	if base != "" || own == "" {
		return base
	}
	return bson.D{field("$in", bson.A{"", own})}
}

// reference compiles a Reference. Alternatives of one type are asked for together.
func (c *compiler) reference(e *search.Reference) bson.D {
	type group struct{ typ, base, own string }
	var parts []bson.D
	for i := range e.Param.Sources {
		source := &e.Param.Sources[i]
		ids := make(map[group][]string)
		var order []group
		for _, t := range e.Any {
			switch {
			case e.Modifier == search.ModUnequal:
				parts = append(parts, value(append(own(source), field("$nor", bson.A{bson.D(referenceConditions(t, ""))}))...))
			case source.Target != "" && (t.URL || t.Type != "" && t.Type != source.Target):
			case t.URL || t.Version != "" || t.Type == "" && source.Target == "":
				parts = append(parts, conditionsOn(slotName(source.Slot), narrowedTo(referenceConditions(t, ""), source.Target)))
			default:
				g := group{t.Type, t.Base, t.Own}
				if g.typ == "" {
					g.typ = source.Target
				}
				if ids[g] == nil {
					order = append(order, g)
				}
				ids[g] = append(ids[g], t.ID)
			}
		}
		for _, g := range order {
			parts = append(parts, c.leadingTo(source.Slot, g.typ, ids[g], bases(g.base, g.own))...)
		}
	}
	return anyOf(parts)
}

// narrowedTo puts a target in the place of whatever type.
func narrowedTo(conditions interval, target string) interval {
	if target != "" {
		for i := range conditions {
			if conditions[i].Key == "v" {
				conditions[i].Value = target
			}
		}
	}
	return conditions
}

// leadingTo are filters on references in a slot to resources of a type: one for each batch of ids.
func (c *compiler) leadingTo(slot *search.Slot, typ string, ids []string, base any) (parts []bson.D) {
	for batch := range slices.Chunk(ids, resolvedBatch) {
		parts = append(parts, conditionsOn(slotName(slot), interval{field("k", oneOf(batch)), field("v", typ), field("b", base)}))
	}
	return parts
}

// resolve finds the ids of the resources of a type that an expression matches.
func (c *compiler) resolve(typ string, where search.Expr) (ids []string, err error) {
	filter, err := c.nested(typ).living(where)
	if err != nil {
		return nil, err
	}
	err = c.find(c.ctx, typ, filter, func(raw bson.Raw) error {
		ids = append(ids, raw.Lookup("_id").StringValue())
		return c.bounded(len(ids))
	}, options.Find().SetProjection(bson.D{field("_id", 1)}))
	*c.ids += len(ids)
	return ids, err
}

// chain compiles a Chain from its far end.
func (c *compiler) chain(e *search.Chain) (bson.D, error) {
	var parts []bson.D
	for _, link := range e.Links {
		ids, err := c.resolve(link.Type, link.Where)
		if err != nil {
			return nil, err
		}
		for _, source := range e.Param.Sources {
			if source.Target == "" || source.Target == link.Type {
				parts = append(parts, c.leadingTo(source.Slot, link.Type, ids, bases("", e.Own))...)
			}
		}
	}
	return anyOf(parts), nil
}

// has compiles a Has: what the resources at the far end refer to.
func (c *compiler) has(e *search.Has) (bson.D, error) {
	filter, err := c.nested(e.Param.Resource).living(e.Where)
	if err != nil {
		return nil, err
	}
	slots := make(map[string]bool)
	for i := range e.Param.Sources {
		slots[slotName(e.Param.Sources[i].Slot)] = true
	}
	ids := make(map[string]bool)
	err = c.find(c.ctx, e.Param.Resource, filter, func(raw bson.Raw) error {
		return c.targets(raw, func(s, id, typ, base string) error {
			if slots[s] && typ == c.typ && (base == "" || base == e.Own) {
				ids[id] = true
			}
			return c.bounded(len(ids))
		})
	}, options.Find().SetProjection(bson.D{field("idx", 1)}))
	if err != nil {
		return nil, err
	}
	*c.ids += len(ids)
	return byIDs(sortedNames(ids)), nil
}

// targets calls each with the references among the index values of a document.
func (c *compiler) targets(raw bson.Raw, each func(s, id, typ, base string) error) error {
	array, ok := raw.Lookup("idx").ArrayOK()
	if !ok {
		return nil
	}
	values, err := array.Values()
	if err != nil {
		return fhir.Internal(err)
	}
	for _, v := range values {
		doc, ok := v.DocumentOK()
		if !ok {
			continue
		}
		base, ok := doc.Lookup("b").StringValueOK()
		if !ok {
			continue
		}
		if err := each(doc.Lookup("s").StringValue(), doc.Lookup("k").StringValue(), doc.Lookup("v").StringValue(), base); err != nil {
			return err
		}
	}
	return nil
}

// list compiles an InList. The lists are read in the snapshot that is searched.
func (c *compiler) list(e *search.InList) (bson.D, error) {
	var ids []string
	for _, id := range e.Lists {
		list, err := c.Read(c.ctx, "List", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			continue
		}
		if err != nil {
			return nil, err
		}
		ids = append(ids, e.Members(list, e.Param.Resource)...)
	}
	return byIDs(ids), c.bounded(len(ids))
}

// hierarchy compiles a Hierarchy: the ids of each place and of all below or above it, level by level.
func (c *compiler) hierarchy(e *search.Hierarchy) (bson.D, error) {
	var parts []bson.D
	for _, place := range e.Any {
		ids, err := c.closure(e, place)
		if err != nil {
			return nil, err
		}
		for _, source := range e.Param.Sources {
			if source.Target == "" || source.Target == place.Type {
				parts = append(parts, c.leadingTo(source.Slot, place.Type, ids, bases("", e.Own))...)
			}
		}
	}
	return anyOf(parts), nil
}

func (c *compiler) closure(e *search.Hierarchy, place search.Place) ([]string, error) {
	seen := map[string]bool{place.ID: true}
	for level := []string{place.ID}; len(level) > 0; {
		next, err := c.step(e, place, level)
		if err != nil {
			return nil, err
		}
		level = level[:0]
		for _, id := range next {
			if !seen[id] {
				seen[id] = true
				level = append(level, id)
			}
		}
		if err := c.bounded(len(seen)); err != nil {
			return nil, err
		}
	}
	*c.ids += len(seen)
	return sortedNames(seen), nil
}

// step gives the ids one level below or above.
func (c *compiler) step(e *search.Hierarchy, place search.Place, level []string) (ids []string, err error) {
	slots := make(map[string]bool)
	var parts []bson.D
	for _, source := range place.PartOf.Sources {
		slots[slotName(source.Slot)] = true
		parts = append(parts, c.leadingTo(source.Slot, place.Type, level, bases("", e.Own))...)
	}
	if e.Modifier == search.ModBelow {
		err = c.find(c.ctx, place.Type, all([]bson.D{{field("deleted", false)}, anyOf(parts)}), func(raw bson.Raw) error {
			ids = append(ids, raw.Lookup("_id").StringValue())
			return nil
		}, options.Find().SetProjection(bson.D{field("_id", 1)}))
		return ids, err
	}
	err = c.find(c.ctx, place.Type, all([]bson.D{{field("deleted", false)}, byIDs(slices.Clone(level))}), func(raw bson.Raw) error {
		return c.targets(raw, func(s, id, typ, base string) error {
			if slots[s] && typ == place.Type && (base == "" || base == e.Own) {
				ids = append(ids, id)
			}
			return nil
		})
	}, options.Find().SetProjection(bson.D{field("idx", 1)}))
	return ids, err
}

// near compiles a Near: places in the boxes around the circles are measured.
func (c *compiler) near(e *search.Near) (bson.D, error) {
	var boxes []interval
	for _, t := range e.Any {
		for _, b := range t.Boxes() {
			boxes = append(boxes, interval{field("latitude", bson.D{field("$gte", b.South), field("$lte", b.North)}), field("longitude", bson.D{field("$gte", b.West), field("$lte", b.East)})})
		}
	}
	slots := make(map[string]bool)
	for i := range e.Param.Sources {
		slots[slotName(e.Param.Sources[i].Slot)] = true
	}
	var ids []string
	err := c.find(c.ctx, c.typ, all([]bson.D{{field("deleted", false)}, eachSource(e.Param, boxes)}), func(raw bson.Raw) error {
		if within(raw, slots, e.Any) {
			ids = append(ids, raw.Lookup("_id").StringValue())
		}
		return c.bounded(len(ids))
	}, options.Find().SetProjection(bson.D{field("idx", 1)}))
	*c.ids += len(ids)
	return byIDs(ids), err
}

// within reports whether one of a document's positions passes a test.
func within(raw bson.Raw, slots map[string]bool, tests []search.NearTest) bool {
	array, ok := raw.Lookup("idx").ArrayOK()
	if !ok {
		return false
	}
	values, err := array.Values()
	if err != nil {
		return false
	}
	for _, v := range values {
		doc, ok := v.DocumentOK()
		if !ok || !slots[doc.Lookup("s").StringValue()] {
			continue
		}
		latitude, north := doc.Lookup("latitude").DoubleOK()
		longitude, east := doc.Lookup("longitude").DoubleOK()
		place := search.PositionValue{Latitude: latitude, Longitude: longitude}
		if north && east && slices.ContainsFunc(tests, func(t search.NearTest) bool { return t.Matches(place) }) {
			return true
		}
	}
	return false
}
