package sqlite

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// ordering is the order of a search and the place in it where a page begins. Without sort rules that is the order of n, in
// which resources were created: it never changes, so no match is lost or shown twice while others write.
type ordering struct {
	keys  []sortKey
	from  position
	count int   // matches of a page, and one more
	walk  *walk // nil = there is none
}

// sortKey is a sort rule: the least value of each resource (the greatest, descending), those without any last.
type sortKey struct {
	value      *statement // the key of the resource m.n
	join       *statement // gives n and k for what has been found, where value needs it
	descending bool
	commit     bool  // the key is the place in the commit order
	walk       *walk // nil = there is none in this order
}

// beyond is the comparison that holds for what comes after a key.
func (k *sortKey) beyond() string {
	if k.descending {
		return "< ?"
	}
	return "> ?"
}

func keyName(i int) string { return "k" + strconv.Itoa(i) }

func (c *compiler) ordering(q *search.Query) (*ordering, error) {
	o := &ordering{count: q.Count + 1}
	if q.After != "" {
		var err error
		if o.from, err = decodePosition(q.After); err != nil {
			return nil, err
		}
		if len(o.from.Keys) != len(q.Sort) {
			return nil, fhir.NewOutcome(fhir.Invalid, "this is not a page link of this search")
		}
	}
	for i, rule := range q.Sort {
		key, err := c.sortKey(i, rule)
		if err != nil {
			return nil, err
		}
		o.keys = append(o.keys, key)
	}
	if len(o.keys) == 1 {
		o.walk = o.keys[0].walk
	}
	return o, nil
}

// asText is the logical id in a column as text: ids are compared as they are written.
func asText(column string) string {
	part := func(from, length string) string { return "substr(hex(" + column + ")," + from + length + ")" }
	return "CASE typeof(" + column + ") WHEN 'blob' THEN lower(" + part("1", ",8") + "||'-'||" + part("9", ",4") + "||'-'||" + part("13", ",4") +
		"||'-'||" + part("17", ",4") + "||'-'||" + part("21", "") + ") ELSE " + column + " END"
}

func (c *compiler) sortKey(i int, rule search.Sort) (sortKey, error) {
	key, textID := sortKey{descending: rule.Descending}, asText("x.id")
	switch rule.Param.Special {
	case search.LastUpdated: // the order of commits is the order of time, and finer
		key.commit, key.value = true, sql("(SELECT y.seq FROM current y WHERE y.rid = (? | m.n))", rid(c.typ, 0))
		return key, nil
	case search.ID:
		key.value = sql("j" + keyName(i) + ".k")
		key.join = sql("SELECT x.n AS n, "+textID+" AS k FROM resource x WHERE x.type = ? AND x.n IN (SELECT n FROM found)", c.typ)
		key.walk = c.idWalk(rule.Descending)
		return key, nil
	}
	pick := "min"
	if rule.Descending {
		pick = "max"
	}
	column := map[r4.ParamType]string{r4.TokenParam: "x.code", r4.StringParam: "x.folded", r4.DateParam: "x.low", r4.ReferenceParam: textID,
		r4.URIParam: "x.uri", r4.NumberParam: "x.low"}[rule.Param.Type]
	table := string(rule.Param.Type)
	var sources []*statement
	if err := c.eachSource(rule.Param, func(_ search.Source, where *statement) { sources = append(sources, where) }); err != nil {
		return key, err
	}
	if len(sources) == 0 {
		key.value = sql("NULL")
		return key, nil
	}
	if rule.Param.Type == r4.QuantityParam {
		key.value = c.quantityKey(sources, pick)
		return key, nil
	}
	key.walk = c.sortWalk(rule, sources)
	probed := rule.Param.Type == r4.DateParam || rule.Param.Type == r4.StringParam || rule.Param.Type == r4.NumberParam
	each := &statement{}
	for i, where := range sources {
		if i > 0 {
			each.add(" UNION ALL ")
		}
		if probed {
			each.add("SELECT " + pick + "(" + column + ") AS k FROM " + table + " x INDEXED BY " + table + "_n WHERE ").include(where).add(" AND x.n = m.n")
		} else {
			each.add("SELECT x.n AS n, " + column + " AS k FROM " + table + " x WHERE ").include(where).add(" AND x.n IN (SELECT n FROM found)")
		}
	}
	if probed {
		key.value = sql("(SELECT " + pick + "(k) FROM (").include(each).add("))")
	} else {
		key.value = sql("j" + keyName(i) + ".k")
		key.join = sql("SELECT n, " + pick + "(k) AS k FROM (").include(each).add(") GROUP BY n")
	}
	return key, nil
}

// page is how many matches are wanted at once; no order wants them all, and the plan weighs that like a page.
func (o *ordering) page() int {
	if o == nil {
		return search.DefaultCount
	}
	return o.count
}

// plain says whether the order is that of n; a nil ordering has none at all.
func (o *ordering) plain() bool { return o != nil && len(o.keys) == 0 }

// byCommit says whether the order is that of the commits.
func (o *ordering) byCommit() bool { return o != nil && len(o.keys) > 0 && o.keys[0].commit }

// walkable says whether resources can be read in the order without sorting them.
func (o *ordering) walkable() bool { return o.plain() || o.byCommit() || o != nil && o.walk != nil }

// columns are the keys among the columns of a SELECT.
func (o *ordering) columns(prefix string) string {
	var b strings.Builder
	for i := range o.keys {
		b.WriteString(", " + prefix + keyName(i))
	}
	return b.String()
}

// by is what stands after ORDER BY.
func (o *ordering) by(prefix string) string {
	var b strings.Builder
	for i := range o.keys {
		key := prefix + keyName(i)
		b.WriteString("(" + key + " IS NULL), " + key)
		if o.keys[i].descending {
			b.WriteString(" DESC")
		}
		b.WriteString(", ")
	}
	return b.String() + prefix + "n"
}

// beyond is true for what comes after the position: by key i, or, where that is equal, by the keys after it.
func (o *ordering) beyond(i int) *statement {
	if o.from.N == 0 {
		return sql("1")
	}
	if i == len(o.keys) {
		return sql("n > ?", o.from.N)
	}
	key, value := keyName(i), o.from.Keys[i]
	if value.Null { // only others without a value come after it
		return sql("(" + key + " IS NULL AND ").include(o.beyond(i + 1)).add(")")
	}
	s := sql("("+key+" IS NULL OR "+key+" "+o.keys[i].beyond()+" OR ("+key+" = ? AND ", value.argument(), value.argument())
	return s.include(o.beyond(i + 1)).add("))")
}
