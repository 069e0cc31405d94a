package sqlite

import "andiron.dev/search"

// hierarchy compiles a Hierarchy. The walk through it gathers a set of ids, so it ends where a hierarchy leads back to itself.
func (c *compiler) hierarchy(e *search.Hierarchy) (*criterion, error) {
	out := &criterion{}
	local, err := c.localBase(e.Own)
	if err != nil {
		return nil, err
	}
	for _, place := range e.Any {
		typ, err := c.target(place.Type)
		if err != nil {
			return nil, err
		}
		ids, err := c.closure(typ, place, e.Modifier == search.ModBelow, local)
		if err != nil {
			return nil, err
		}
		if err := c.eachSource(e.Param, func(source search.Source, where *statement) {
			if source.Target != "" && source.Target != place.Type {
				return
			}
			where.add(" AND x.id IN (").include(ids).add(") AND x.type = ? AND ", typ).include(local("x"))
			out.rows = append(out.rows, rows{from: primary("reference"), where: where, probe: func(n string) *statement {
				return sql("EXISTS (SELECT 1 FROM reference x INDEXED BY reference_n WHERE ").include(where).add(" AND x.n = " + n + ")")
			}})
		}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// closure gives the id of a place, and of all that is below or above it.
func (c *compiler) closure(typ int64, place search.Place, below bool, local func(string) *statement) (*statement, error) {
	start := id(place.ID)
	s := sql("WITH RECURSIVE h(id) AS (SELECT ?", start)
	for _, source := range place.PartOf.Sources {
		slot, err := c.slot(source.Slot)
		if err != nil {
			return nil, err
		}
		switch {
		case slot == 0:
		case below:
			s.add(" UNION SELECT t.id FROM h CROSS JOIN reference r INDEXED BY sqlite_autoindex_reference_1 CROSS JOIN resource t INDEXED BY resource_n"+
				" WHERE r.slot = ? AND r.id = h.id AND r.type = ? AND ", slot, typ).include(local("r")).add(" AND t.type = ? AND t.n = r.n", typ)
		default:
			s.add(" UNION SELECT r.id FROM h CROSS JOIN resource t CROSS JOIN reference r INDEXED BY reference_n"+
				" WHERE t.type = ? AND t.id = h.id AND r.slot = ? AND r.n = t.n AND r.type = ? AND ", typ, slot, typ).include(local("r"))
		}
	}
	return s.add(") SELECT id FROM h"), nil
}
