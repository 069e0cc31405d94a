package sqlite

import (
	"slices"
	"strconv"
	"strings"
)

// alternative is one condition of several on rows of a table.
type alternative struct {
	text    string // with a question mark for each argument
	args    []any
	ordered bool // it fixes every column between slot and n
	set     bool // it leaves columns before n open, so that it cannot be tested with one look-up
}

// maxSpread is how many alternatives become rows of their own.
const maxSpread = 16

// spread makes rows of alternatives: rows of their own, so that SQLite looks each of them up. It would not do that for
// conditions joined with OR, and needs seconds to find a way through a thousand of those. So where there are too many, those of
// one form become a table of values, for each of which SQLite looks up the rows.
//
// where is what all rows must satisfy, and probed makes rows that can be tested with a look-up.
func spread(from string, where *statement, alternatives []alternative, probed func(where *statement, ordered bool) rows) (list []rows) {
	if len(alternatives) > maxSpread {
		return tabulate(from, where, alternatives)
	}
	for _, a := range alternatives {
		each := sql(where.String()+" AND ", where.args...).add(a.text, a.args...)
		if a.set {
			list = append(list, rows{from: from, where: each})
		} else {
			list = append(list, probed(each, a.ordered))
		}
	}
	return list
}

func tabulate(from string, where *statement, alternatives []alternative) (list []rows) {
	forms := make(map[string][]alternative)
	var order []string
	for _, a := range alternatives {
		if forms[a.text] == nil {
			order = append(order, a.text)
		}
		forms[a.text] = append(forms[a.text], a)
	}
	for _, form := range order {
		same := forms[form]
		if len(same) == 1 { // a list, which may have more values than a table has columns
			list = append(list, rows{from: from, where: sql(where.String()+" AND "+form, slices.Concat(where.args, same[0].args)...)})
			continue
		}
		values := &statement{}
		for i, a := range same {
			if i > 0 {
				values.add(",")
			}
			values.add("("+marks(len(a.args))+")", a.args...)
		}
		condition := form
		for i := range same[0].args {
			condition = strings.Replace(condition, "?", "v.column"+strconv.Itoa(i+1), 1)
		}
		list = append(list, rows{
			from:     "(VALUES " + values.String() + ") v CROSS JOIN " + from,
			fromArgs: values.args,
			where:    sql(where.String()+" AND "+condition, where.args...),
		})
	}
	return list
}
