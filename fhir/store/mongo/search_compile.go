package mongo

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// compiler turns a query into a filter. What is asked of other resources, and what a filter cannot say, is resolved to ids first.
type compiler struct {
	*reader
	ctx context.Context
	typ string
	ids *int // ids that have been resolved for the query

	meter *meter
	of    *criterion // that is being compiled

	generationSeen *int64 // of what is indexed, in the snapshot; -1 = not looked at
}

func (r *reader) compiler(ctx context.Context, typ string) *compiler {
	return &compiler{reader: r, ctx: ctx, typ: typ, ids: new(int), meter: &meter{}, generationSeen: unseen()}
}

func unseen() *int64 {
	n := int64(-1)
	return &n
}

// nested compiles for another type within the same query.
func (c *compiler) nested(typ string) *compiler {
	n := *c
	n.typ = typ
	return &n
}

// find gathers what a criterion leads through.
func (c *compiler) find(ctx context.Context, collection string, filter bson.D, each func(bson.Raw) error, opts ...options.Lister[options.FindOptions]) error {
	if err := c.gather(collection, filter); err != nil {
		return err
	}
	c.meter.trace.searched(nil, c.of, collection, filter, opts...)
	return c.reader.find(ctx, collection, filter, each, opts...)
}

// living is the filter on current resources that an expression matches.
func (c *compiler) living(e search.Expr) (bson.D, error) {
	f, err := c.compile(e)
	return all([]bson.D{{field("deleted", false)}, f}), err
}

func (c *compiler) each(list []search.Expr) (parts []bson.D, err error) {
	for _, e := range list {
		f, err := c.compile(e)
		if err != nil {
			return nil, err
		}
		if len(f) > 0 {
			parts = append(parts, f)
		} else {
			parts = append(parts, bson.D{field("deleted", false)}) // it holds for all
		}
	}
	return parts, nil
}

// compile turns one criterion into a filter.
func (c *compiler) compile(e search.Expr) (bson.D, error) {
	if p := paramOf(e); p != nil {
		if err := c.served(p); err != nil {
			return nil, err
		}
	}
	switch e := e.(type) {
	case search.And:
		parts, err := c.each(e)
		return all(parts), err
	case search.Or:
		parts, err := c.each(e)
		return anyOf(parts), err
	case *search.Not:
		f, err := c.compile(e.Expr)
		if len(f) == 0 {
			return none(), err
		}
		return not(f), err
	case *search.Filter:
		return c.compile(e.Where)
	case *search.Named:
		return c.compile(e.Where)
	case *search.Member:
		return c.compile(e.Where)
	case *search.Chain:
		return c.chain(e)
	case *search.Has:
		return c.has(e)
	case *search.Hierarchy:
		return c.hierarchy(e)
	case *search.InList:
		return c.list(e)
	case *search.FullText:
		return c.fullText(e)
	case *search.Near:
		return c.near(e)
	case *search.IDs:
		return bson.D{field("_id", oneOf(e.Any))}, nil
	case *search.Missing:
		return c.missing(e), nil
	case *search.Token:
		return c.token(e), nil
	case *search.String:
		return c.text(e)
	case *search.Date:
		if e.Param.Special == search.LastUpdated {
			return lastUpdated(e), nil
		}
		return c.date(e), nil
	case *search.Reference:
		return c.reference(e), nil
	case *search.URI:
		return c.uri(e)
	case *search.Number:
		return c.number(e), nil
	case *search.Quantity:
		return c.quantity(e), nil
	case *search.TokenText:
		return c.tokenText(e), nil
	case *search.Composite:
		return c.composite(e), nil
	}
	return nil, fhir.Errorf(fhir.NotSupported, "this engine cannot answer '%s'", e.String())
}

// own are the conditions that pick a parameter's own values.
func own(source *search.Source) []bson.E {
	conditions := []bson.E{field("s", slotName(source.Slot))}
	if source.Target != "" {
		conditions = append(conditions, field("v", source.Target))
	}
	return conditions
}

// eachSource makes a filter of each source of a parameter, of which one has to match, and of each list of conditions.
func eachSource(p *search.Param, tests []interval) bson.D {
	var parts []bson.D
	for i := range p.Sources {
		for _, t := range tests {
			parts = append(parts, value(slices.Concat(own(&p.Sources[i]), t)...))
		}
	}
	return anyOf(parts)
}

func (c *compiler) missing(e *search.Missing) bson.D {
	if e.Param.Special != search.NotSpecial { // every resource has an id and a time
		if e.Want {
			return none()
		}
		return every()
	}
	present := eachSource(e.Param, []interval{nil})
	if e.Want {
		return not(present)
	}
	return present
}

// token compiles a Token. Alternatives of one system are asked for together.
func (c *compiler) token(e *search.Token) bson.D {
	var parts []bson.D
	for i := range e.Param.Sources {
		slot := e.Param.Sources[i].Modified(e.Modifier)
		if slot == nil {
			continue
		}
		if e.Modifier == search.ModUnequal {
			for _, t := range e.Any {
				parts = append(parts, conditionsOn(slotName(slot), []bson.E{field("$nor", bson.A{bson.D(tokenConditions(t, "k", "v"))})}))
			}
			continue
		}
		for _, conditions := range tokenGroups(e.Any) {
			parts = append(parts, conditionsOn(slotName(slot), conditions))
		}
	}
	if e.Negated() {
		return not(anyOf(parts))
	}
	return anyOf(parts)
}

// tokenConditions are those of one alternative.
func tokenConditions(t search.TokenTest, code, system string) (list []bson.E) {
	if !t.AnyCode {
		list = append(list, field(code, t.Code))
	}
	if !t.AnySystem {
		list = append(list, field(system, t.System))
	}
	return list
}

// tokenGroups joins alternatives of one system.
func tokenGroups(tests []search.TokenTest) (list [][]bson.E) {
	type group struct {
		anySystem bool
		system    string
	}
	codes := make(map[group][]string)
	var order []group
	for _, t := range tests {
		if t.AnyCode {
			list = append(list, tokenConditions(t, "k", "v"))
			continue
		}
		g := group{t.AnySystem, t.System}
		if codes[g] == nil {
			order = append(order, g)
		}
		codes[g] = append(codes[g], t.Code)
	}
	for _, g := range order {
		conditions := []bson.E{field("k", oneOf(codes[g]))}
		if !g.anySystem {
			conditions = append(conditions, field("v", g.system))
		}
		list = append(list, conditions)
	}
	return list
}

func (c *compiler) tokenText(e *search.TokenText) bson.D {
	var parts []bson.D
	for i := range e.Param.Sources {
		for _, text := range e.Any {
			if text != "" {
				parts = append(parts, conditionsOn(textSlot(e.Param.Sources[i].Slot), []bson.E{field("k", beginning(text))}))
			}
		}
	}
	return anyOf(parts)
}

func (c *compiler) date(e *search.Date) bson.D {
	var tests []interval
	for _, t := range e.Any {
		tests = append(tests, dateTests(t, "k", "v")...)
	}
	return eachSource(e.Param, tests)
}

func (c *compiler) number(e *search.Number) bson.D {
	var tests []interval
	for _, t := range e.Any {
		tests = append(tests, numberTests(t, "k", "v")...)
	}
	return eachSource(e.Param, tests)
}

func (c *compiler) quantity(e *search.Quantity) bson.D {
	var parts []bson.D
	for i := range e.Param.Sources {
		for _, t := range e.Any {
			slot := slotName(e.Param.Sources[i].Slot)
			switch {
			case t.In != "":
				slot = unitSlot(e.Param.Sources[i].Slot, comparing, t.In)
			case t.Name != "":
				slot = unitSlot(e.Param.Sources[i].Slot, written, t.Name)
			}
			for _, conditions := range numberTests(t.NumberTest, "k", "v") {
				parts = append(parts, conditionsOn(slot, conditions))
			}
		}
	}
	return anyOf(parts)
}

// lastUpdated compares the time of the version, which is in whole milliseconds.
func lastUpdated(e *search.Date) bson.D {
	var parts []bson.D
	for _, t := range e.Any {
		low, high := bson.DateTime(millisUp(t.Low)), bson.DateTime(millisUp(t.High))
		is := func(bounds ...bson.E) { parts = append(parts, bson.D{field("lastUpdated", bson.D(bounds))}) }
		switch t.Prefix {
		case search.NotEqual:
			is(field("$lt", low))
			is(field("$gte", high))
		case search.Greater, search.StartsAfter:
			is(field("$gte", high))
		case search.Less, search.EndsBefore:
			is(field("$lt", low))
		case search.GreaterEqual:
			is(field("$gte", low))
		case search.LessEqual:
			is(field("$lt", high))
		default:
			is(field("$gte", low), field("$lt", high))
		}
	}
	return anyOf(parts)
}

// composite compiles a Composite: all parts on one element.
func (c *compiler) composite(e *search.Composite) bson.D {
	var parts []bson.D
	for i := range e.Param.Sources {
		for _, t := range e.Any {
			conditions := []bson.E{field("s", slotName(e.Param.Sources[i].Slot))}
			alternatives := bson.A{}
			for at, part := range t.Parts {
				name := "p" + string(rune('0'+at))
				tests := partTests(part, name)
				if token, ok := part.(*search.Token); ok && at == 0 && e.Param.Parts[0].Type == r4.TokenParam {
					conditions = append(conditions, tokenConditions(token.Any[0], "k", "v")...)
				}
				any := bson.A{}
				for _, test := range tests {
					any = append(any, bson.D(test))
				}
				alternatives = append(alternatives, bson.D{field("$or", any)})
			}
			parts = append(parts, value(append(conditions, field("$and", alternatives))...))
		}
	}
	return anyOf(parts)
}

// partTests are the conditions on a part, of which one has to hold.
func partTests(e search.Expr, name string) []interval {
	k, v := name+".k", name+".v"
	present := interval{field(k, bson.D{field("$exists", true)})}
	switch e := e.(type) {
	case *search.Token:
		if conditions := tokenConditions(e.Any[0], k, v); len(conditions) > 0 {
			return []interval{conditions}
		}
		return []interval{present}
	case *search.String:
		if e.Any[0].Folded == "" {
			return []interval{never(k)}
		}
		return []interval{{field(k, beginning(e.Any[0].Folded))}}
	case *search.Date:
		return dateTests(e.Any[0], k, v)
	case *search.Number:
		return numberTests(e.Any[0], k, v)
	case *search.Quantity:
		t := e.Any[0]
		switch {
		case t.In != "":
			tests := numberTests(t.NumberTest, name+".ik", name+".iv")
			for i := range tests {
				tests[i] = append(tests[i], field(name+".in", t.In))
			}
			return tests
		case t.Name != "":
			var list []interval
			for _, unit := range []string{".code", ".unit"} {
				for _, test := range numberTests(t.NumberTest, k, v) {
					list = append(list, append(test, field(name+unit, t.Name)))
				}
			}
			return list
		}
		return numberTests(t.NumberTest, k, v)
	case *search.Reference:
		return []interval{referenceConditions(e.Any[0], name+".")}
	case *search.URI:
		conditions := interval{field(k, e.Any[0].URI)}
		if e.Any[0].Version != "" {
			conditions = append(conditions, field(v, e.Any[0].Version))
		}
		return []interval{conditions}
	}
	return []interval{never(k)}
}

func never(name string) interval { return interval{field(name, bson.D{field("$in", bson.A{})})} }
