package mongo

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// position is a place in an order: the keys and the n of the last match before it.
type position struct {
	Type string     `json:"t,omitempty"` // of a search across types
	Keys []keyValue `json:"k,omitempty"`
	N    int64      `json:"n"`
}

// keyValue is the value of a sort key: a text, a number, or nothing.
type keyValue struct {
	Null bool   `json:"z,omitempty"`
	Text string `json:"s,omitempty"`
	Int  int64  `json:"i,omitempty"`
}

func (p position) encode() string {
	text, err := json.Marshal(p)
	if err != nil {
		return "" // cannot happen: nothing in it fails to marshal
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func decodePosition(s string) (p position, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.N < 1 {
		return p, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this server")
	}
	return p, nil
}

// projected leaves out of a document what a resource is found by.
func projected() *options.FindOptionsBuilder { return options.Find().SetProjection(content()) }

// compareFound compares matches as their keys come in the order; those without a value come last.
func compareFound(a, b found, rules []search.Sort) int {
	for i, rule := range rules {
		x, y := a.keys[i], b.keys[i]
		if x.Null != y.Null {
			if y.Null {
				return -1
			}
			return 1
		}
		order := cmp.Or(cmp.Compare(x.Int, y.Int), strings.Compare(x.Text, y.Text))
		if rule.Descending {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Or(strings.Compare(a.typ, b.typ), cmp.Compare(a.n, b.n))
}

// matches finds at most so many matches after a place, in order.
func (p *part) matches(from *position, wanted int) ([]found, error) {
	if name, descending, ok := p.plainOrder(); ok {
		return p.plain(name, descending, from, wanted)
	}
	return p.sorted(from, wanted)
}

// plainOrder is the field whose order is that of the search, where there is one. Without sort rules that is the order in which
// resources were created: it never changes, so no match is lost or shown twice while others write.
func (p *part) plainOrder() (name string, descending, ok bool) {
	switch {
	case len(p.sort) == 0:
		return "n", false, true
	case p.sort[0].Param.Special == search.ID && len(p.sort) == 1:
		return "_id", p.sort[0].Descending, true
	case p.sort[0].Param.Special == search.LastUpdated && len(p.sort) == 1: // the order of commits is the order of time, and finer
		return "seq", p.sort[0].Descending, true
	}
	return "", false, false
}

func (p *part) plain(name string, descending bool, from *position, wanted int) (list []found, err error) {
	order, beyond := 1, "$gt"
	if descending {
		order, beyond = -1, "$lt"
	}
	var after bson.D
	if from != nil {
		after = bson.D{field("n", bson.D{field("$gt", from.N)})}
		if len(p.sort) > 0 {
			var value any = from.Keys[0].Int
			if name == "_id" {
				value = from.Keys[0].Text
			}
			after = anyOf([]bson.D{{field(name, bson.D{field(beyond, value)})}, all([]bson.D{{field(name, value)}, after})})
		}
	}
	if p.window != nil {
		return p.windowed(name, order, after, wanted)
	}
	filter := all(append(conjuncts(p.filter), conjuncts(after)...))
	opts := options.Find().SetSort(bson.D{field(name, order)}).SetLimit(int64(wanted)).SetProjection(bson.D{field("n", 1), field("seq", 1)}).SetAllowDiskUse(true)
	p.meter.trace.searched(p, nil, p.typ, filter, opts)
	err = p.reader.find(p.ctx, p.typ, filter, func(raw bson.Raw) error {
		list = append(list, foundBy(name, p.typ, raw))
		return nil
	}, opts)
	return list, err
}

// foundBy reads a match in the order of a field.
func foundBy(name, typ string, raw bson.Raw) found {
	f := found{typ: typ, id: raw.Lookup("_id").StringValue()}
	f.n, _ = raw.Lookup("n").AsInt64OK()
	switch name {
	case "_id":
		f.keys = []keyValue{{Text: f.id}}
	case "seq":
		seq, _ := raw.Lookup("seq").AsInt64OK()
		f.keys = []keyValue{{Int: seq}}
	}
	return f
}

// sorted has the server work out the keys of all matches: the least value, or, descending, the greatest; null where there is none.
func (p *part) sorted(from *position, wanted int) (list []found, err error) {
	projection, order := bson.D{field("n", 1)}, bson.D{}
	for i, rule := range p.sort {
		projection = append(projection, field(keyName(i), sortKey(rule)))
	}
	empty := bson.D{}
	for i, rule := range p.sort {
		direction := 1
		if rule.Descending {
			direction = -1
		}
		empty = append(empty, field(emptyName(i), bson.D{field("$eq", bson.A{"$" + keyName(i), nil})}))
		order = append(order, field(emptyName(i), 1), field(keyName(i), direction))
	}
	order = append(order, field("n", 1))
	pipeline := bson.A{bson.D{field("$match", p.filter)}, bson.D{field("$project", projection)}, bson.D{field("$addFields", empty)}}
	if from != nil {
		pipeline = append(pipeline, bson.D{field("$match", p.beyond(from, 0))})
	}
	pipeline = append(pipeline, bson.D{field("$sort", order)}, bson.D{field("$limit", wanted)})
	p.meter.trace.aggregated(p, nil, p.typ, pipeline)
	err = p.aggregate(p.ctx, p.typ, pipeline, func(raw bson.Raw) error {
		f := found{typ: p.typ, id: raw.Lookup("_id").StringValue()}
		f.n, _ = raw.Lookup("n").AsInt64OK()
		for i := range p.sort {
			f.keys = append(f.keys, keyOf(raw.Lookup(keyName(i))))
		}
		list = append(list, f)
		return nil
	})
	return list, err
}

func keyName(i int) string { return "k" + strconv.Itoa(i) }

func emptyName(i int) string { return "z" + strconv.Itoa(i) }

func keyOf(v bson.RawValue) keyValue {
	if text, ok := v.StringValueOK(); ok {
		return keyValue{Text: text}
	}
	if n, ok := v.AsInt64OK(); ok {
		return keyValue{Int: n}
	}
	return keyValue{Null: true}
}

// beyond holds for what comes after a place: by key i, or, where that is equal, by the keys after it.
func (p *part) beyond(from *position, i int) bson.D {
	if i == len(p.sort) {
		return bson.D{field("n", bson.D{field("$gt", from.N)})}
	}
	key := from.Keys[i]
	if key.Null { // only others without a value come after it
		return all([]bson.D{{field(emptyName(i), true)}, p.beyond(from, i+1)})
	}
	var value any = key.Text
	if p.sort[i].Param.Special == search.LastUpdated {
		value = key.Int
	}
	operator := "$gt"
	if p.sort[i].Descending {
		operator = "$lt"
	}
	return anyOf([]bson.D{{field(emptyName(i), true)}, {field(keyName(i), bson.D{field(operator, value)})}, all([]bson.D{{field(keyName(i), value)}, p.beyond(from, i+1)})})
}

// sortKey is the expression for the key of a rule.
func sortKey(rule search.Sort) any {
	switch rule.Param.Special {
	case search.ID:
		return "$_id"
	case search.LastUpdated:
		return "$seq"
	}
	pick := "$min"
	if rule.Descending {
		pick = "$max"
	}
	var slots, units []any
	for i := range rule.Param.Sources {
		source := &rule.Param.Sources[i]
		is := []any{bson.D{field("$eq", bson.A{"$$x.s", slotName(source.Slot)})}}
		if source.Target != "" {
			is = append(is, bson.D{field("$eq", bson.A{"$$x.v", source.Target})})
		}
		slots = append(slots, bson.D{field("$and", is)})
		unit := unitSlot(source.Slot, comparing, "")
		units = append(units, bson.D{field("$and", bson.A{bson.D{field("$gte", bson.A{"$$x.s", unit})}, bson.D{field("$lt", bson.A{"$$x.s", successor(unit)})}})})
	}
	picked := func(conditions []any) bson.D {
		values := bson.D{field("$filter", bson.D{field("input", "$idx"), field("as", "x"), field("cond", bson.D{field("$or", conditions)})})}
		return bson.D{field(pick, bson.D{field("$map", bson.D{field("input", values), field("as", "x"), field("in", "$$x.k")})})}
	}
	if rule.Param.Type == r4.QuantityParam { // the amount in the unit in which they compare; where there is none, as written
		return bson.D{field("$ifNull", bson.A{picked(units), picked(slices.Clone(slots))})}
	}
	return picked(slots)
}
