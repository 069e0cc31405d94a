package sqlite

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// compiler turns a query into SQL.
type compiler struct {
	*reader
	ctx    context.Context
	typ    int64
	depth  int // references between this type and the one that is searched
	order  *ordering
	total  bool         // all matches have to be counted
	driver *criterion   // see plan
	tests  []*criterion // hold for every match of the driver

	spare     *criterion   // the one among the tests that drives the search if a walk is given up
	undecided []*criterion // those among the tests that have to be weighed if a walk is given up
	budget    int          // of a walk, in steps; 0 = it goes as far as it must
}

func (r *reader) compiler(ctx context.Context, q *search.Query) (*compiler, error) {
	typ, err := r.store.names.id(r.conn, typeName, q.Type)
	if err != nil {
		return nil, err
	}
	if typ == 0 {
		typ = unknown
	}
	c := &compiler{reader: r, ctx: ctx, typ: typ, total: q.Total == search.TotalAccurate}
	if c.order, err = c.ordering(q); err != nil {
		return nil, err
	}
	if err := c.choose(q.Where); err != nil {
		return nil, err
	}
	return c, c.affordable()
}

// unknown stands for the number of a name that the store has never seen: no row has it.
const unknown = int64(-1)

// slot gives the number of a slot; 0 = no resource has a value there.
func (c *compiler) slot(s *search.Slot) (int64, error) {
	if err := c.available(s.Type, false); err != nil {
		return 0, err
	}
	if err := c.served(s); err != nil {
		return 0, err
	}
	return c.store.names.id(c.conn, slotName, s.Key())
}

// target gives the number of a resource type that a reference leads to.
func (c *compiler) target(typ string) (int64, error) {
	number, err := c.store.names.id(c.conn, typeName, typ)
	if number == 0 {
		number = unknown
	}
	return number, err
}

// eachSource calls fn with the slots of a parameter that hold anything, and the condition that picks the parameter's own rows
// from it.
func (c *compiler) eachSource(p *search.Param, fn func(source search.Source, where *statement)) error {
	for _, source := range p.Sources {
		slot, err := c.slot(source.Slot)
		if err != nil {
			return err
		}
		if slot == 0 {
			continue
		}
		where := sql("x.slot = ?", slot)
		if source.Target != "" {
			number, err := c.target(source.Target)
			if err != nil {
				return err
			}
			where.add(" AND x.type = ?", number)
		}
		fn(source, where)
	}
	return nil
}

// compile turns one criterion into rows.
func (c *compiler) compile(e search.Expr) (*criterion, error) {
	if out, ok, err := c.filtered(e); ok {
		return out, err
	}
	switch e := e.(type) {
	case search.And:
		return c.all(e)
	case search.Or:
		return c.any(e)
	case *search.Not:
		return c.not(e)
	case *search.Chain:
		return c.chain(e)
	case *search.Has:
		return c.has(e)
	case *search.Member:
		return c.any(e.Where)
	case *search.Hierarchy:
		return c.hierarchy(e)
	case *search.IDs:
		return c.ids(e), nil
	case *search.Missing:
		return c.missing(e)
	case *search.InList:
		return c.list(e)
	case *search.FullText:
		return c.fullText(e)
	case *search.Token:
		return c.token(e)
	case *search.String:
		return c.text(e)
	case *search.Date:
		if e.Param.Special == search.LastUpdated {
			return c.lastUpdated(e)
		}
		return c.date(e)
	case *search.Reference:
		return c.reference(e)
	case *search.URI:
		return c.uri(e)
	case *search.Number:
		return c.number(e)
	case *search.Quantity:
		return c.quantity(e)
	case *search.TokenText:
		return c.tokenText(e)
	case *search.Composite:
		return c.composite(e)
	case *search.Near:
		return c.near(e)
	}
	return nil, fhir.Errorf(fhir.NotSupported, "this engine cannot answer '%s'", e.String())
}

// ids is _id. Deleted resources keep their row in table resource, so the current version is asked as well.
func (c *compiler) ids(e *search.IDs) *criterion {
	where := sql("x.type = ? AND x.id IN ("+marks(len(e.Any))+")", c.typ)
	for _, v := range e.Any {
		where.args = append(where.args, id(v))
	}
	where.add(" AND EXISTS (SELECT 1 FROM current y WHERE y.rid = (? | x.n) AND y.deleted = 0)", rid(c.typ, 0))
	return &criterion{rows: []rows{{from: primary("resource"), where: where}}}
}

// missing is :missing, negated for "true".
func (c *compiler) missing(e *search.Missing) (*criterion, error) {
	out := &criterion{negate: e.Want}
	if e.Param.Special != search.NotSpecial { // every resource has an id and a time
		out.rows = []rows{c.every()}
		return out, nil
	}
	return out, c.eachSource(e.Param, func(source search.Source, where *statement) {
		switch table := string(source.Slot.Kind); source.Slot.Kind {
		case r4.DateParam, r4.ReferenceParam, r4.StringParam, r4.NumberParam, r4.QuantityParam:
			out.rows = append(out.rows, byResource(table)(where, false))
		case r4.SpecialParam:
			out.rows = append(out.rows, rows{from: "position x", where: where})
		default:
			out.rows = append(out.rows, rows{from: table + " x", where: where})
		}
	})
}

// every gives all resources of the type.
func (c *compiler) every() rows {
	return rows{from: "current x", where: sql("x.rid > ? AND x.rid < ? AND x.deleted = 0", rid(c.typ, 0), rid(c.typ+1, 0)),
		n: "(x.rid & 4294967295)", probe: func(string) *statement { return sql("1") }}
}
