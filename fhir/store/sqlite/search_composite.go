package sqlite

import (
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// composite compiles a Composite: each part as a parameter of its own type would be, on the part's columns.
func (c *compiler) composite(e *search.Composite) (*criterion, error) {
	var tests intervalTests
	for _, test := range e.Any {
		product := intervalTests{low: []alternative{{ordered: true}}}
		for i, expr := range test.Parts {
			part, err := c.part(expr, i+1)
			if err != nil {
				return nil, err
			}
			if i == 1 { // the column by which the rows are read
				product = intervalTests{low: cross(product.low, part.low), high: cross(product.low, part.high)}
				continue
			}
			list := append(part.low, part.high...)
			product = intervalTests{low: cross(product.low, list), high: cross(product.high, list)}
		}
		tests.add(product)
	}
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		out.rows = append(out.rows, tests.rows("composite", slot)...)
	})
}

// cross joins every alternative of a with every one of b.
func cross(a, b []alternative) (product []alternative) {
	for _, x := range a {
		for _, y := range b {
			text := y.text
			if x.text != "" {
				text = x.text + " AND " + y.text
			}
			product = append(product, alternative{text: text, args: append(x.args[:len(x.args):len(x.args)], y.args...), ordered: x.ordered && y.ordered})
		}
	}
	return product
}

// part gives the alternatives of the part that stands at the given place, counted from 1.
func (c *compiler) part(e search.Expr, place int) (list intervalTests, err error) {
	var columns []string // of the part's own table, and what holds them here
	unit := " AND x.unit2 = 0"
	switch e := e.(type) {
	case *search.Token:
		groups, failed := c.tokenGroups(e.Any)
		for _, g := range groups {
			list.low = append(list.low, g.alternatives(true)...)
		}
		err, columns = failed, []string{"x.code", "x.key#", "x.system", "x.num#"}
	case *search.String:
		list.low, columns = textTests(e), []string{"x.folded", "x.key#"}
	case *search.Date:
		for _, t := range e.Any {
			list.low = append(list.low, dateTests(t)...)
		}
		columns = []string{"x.low", "x.key#", "x.high", "x.high#"}
	case *search.Number:
		for _, t := range e.Any {
			list.add(numberTests(t))
		}
		columns = []string{"x.low", "x.key#", "x.high", "x.high#"}
	case *search.Quantity:
		list, err = c.partQuantity(e, place)
		unit, columns = "", []string{"x.unit2", "x.unit2", "x.low", "x.key#", "x.high", "x.high#", "x.unit", "x.num#"}
	case *search.Reference:
		list.low, err = c.referenceTests(e.Any, "")
		columns = []string{"x.id", "x.key#", "x.version", "x.high#", "x.type", "(x.num# & 4294967295)", "x.base", "(x.num# >> 32)"}
	case *search.URI:
		list.low, columns = uriTests(e), []string{"x.uri", "x.key#", "x.version", "x.high#"}
	default:
		return list, fhir.Errorf(fhir.NotSupported, "this engine cannot answer '%s' in a composite", e.String())
	}
	if place != 2 {
		unit = ""
	}
	for i := range columns {
		columns[i] = strings.ReplaceAll(columns[i], "#", string(rune('0'+place)))
	}
	names := strings.NewReplacer(columns...)
	for _, part := range [][]alternative{list.low, list.high} {
		for i := range part {
			part[i].text = names.Replace(part[i].text) + unit
		}
	}
	return list, err
}

// partQuantity is quantityTests for a part. What is asked for as written is kept apart from what has been converted.
func (c *compiler) partQuantity(e *search.Quantity, place int) (list intervalTests, err error) {
	for _, t := range e.Any {
		one, all, err := c.quantityTests([]search.QuantityTest{t})
		if err != nil {
			return list, err
		}
		one.add(all)
		for _, part := range [][]alternative{one.low, one.high} {
			for i := range part {
				a := &part[i]
				if t.In == "" && t.Name == "" {
					a.text = "x.unit <= 0 AND " + a.text
				}
				switch {
				case place != 2:
				case t.In != "":
					a.text, a.args = "x.unit2 = ? AND "+a.text, append(a.args[:1:1], a.args...)
				default:
					a.text = "x.unit2 = 0 AND " + a.text
				}
			}
		}
		list.add(one)
	}
	return list, nil
}
