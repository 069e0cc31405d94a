package sqlite

import (
	"math"
	"strconv"

	"zombiezen.com/go/sqlite"
)

// What _total=estimate may cost.
const (
	exactTotal  = 1000   // rows of the driver up to which the matches are counted
	sampleTotal = 512    // resources that are tried for a sample
	leastSample = 25     // matches in a sample that can be trusted
	mostRows    = 20_000 // rows of the driver that are counted
)

// count counts all matches.
func (c *compiler) count() (total int, err error) {
	total, _, err = c.countOf(sql("SELECT count(*), 0 FROM (").include(c.candidates(nil)).add(")"))
	return total, err
}

// countOf runs a statement that gives two numbers.
func (c *compiler) countOf(s *statement) (first, second int, err error) {
	err = c.query(c.ctx, s, func(stmt *sqlite.Stmt) error {
		first, second = stmt.ColumnInt(0), stmt.ColumnInt(1)
		return nil
	})
	return first, second, err
}

// estimate says about how many matches there are: exactly, where the driver has few rows, or the search has to gather all of them
// anyway; otherwise from a sample of the resources of the type, or, where few of those match, of the rows of the driver.
func (c *compiler) estimate() (total int, estimated bool, err error) {
	test, probed := c.wholeTest("d.n")
	seen, hits, err := c.countOf(sql("SELECT count(*), count(CASE WHEN ").include(test).add(" THEN 1 END) FROM (").
		include(c.driverRows()).add(" LIMIT (? + 0)) d", exactTotal+1))
	if err != nil || seen <= exactTotal {
		return hits, false, err
	}
	if !probed {
		total, err = c.count()
		return total, false, err
	}
	all, err := number(c.conn.newestN, rid(c.typ, 0), rid(c.typ+1, 0))
	if err != nil {
		return 0, false, err
	}
	sampled, err := c.sampled(all)
	if err != nil {
		return 0, false, err
	}
	guess := float64(sampled) * float64(all) / sampleTotal
	if sampled < leastSample {
		rows, _, err := c.countOf(sql("SELECT count(*), 0 FROM (").include(c.driverRows()).add(" LIMIT (? + 0))", mostRows+1))
		if err != nil {
			return 0, false, err
		}
		if rows <= mostRows || sampled == 0 {
			guess = float64(rows) * float64(hits) / float64(seen)
		}
	}
	return max(hits, rounded(guess)), true, nil
}

// driverRows gives the n of what the driver finds, each once.
func (c *compiler) driverRows() *statement {
	if c.driver != nil {
		return sql("SELECT DISTINCT n FROM (").include(c.driver.set()).add(")")
	}
	return sql("SELECT (x.rid & 4294967295) AS n FROM current x WHERE x.rid > ? AND x.rid < ? AND x.deleted = 0", rid(c.typ, 0), rid(c.typ+1, 0))
}

// wholeTest is true for what the tests hold for, and says whether they and the driver can be tried without gathering rows.
func (c *compiler) wholeTest(n string) (test *statement, probed bool) {
	probed = c.driver == nil || c.driver.probed()
	var conditions []*statement
	for _, t := range c.tests {
		probed = probed && t.probed()
		conditions = append(conditions, t.test(n))
	}
	return allOf(conditions), probed
}

// sampled tries sampleTotal resources of the type that are spread evenly, though not regularly: what was imported together often
// comes in a rhythm.
func (c *compiler) sampled(all int64) (hits int, err error) {
	test, _ := c.wholeTest("s.n")
	match := sql("EXISTS (SELECT 1 FROM current y WHERE y.rid = (? | s.n) AND y.deleted = 0)", rid(c.typ, 0))
	if c.driver != nil {
		match = c.driver.test("s.n")
	}
	hits, _, err = c.countOf(sql("WITH RECURSIVE i(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM i WHERE i < ? - 1) SELECT count(*), 0 FROM ("+
		"SELECT 1 + i.i * ? / ? + i.i * 2654435761 % ? AS n FROM i) s WHERE ", sampleTotal, all, sampleTotal, max(all/sampleTotal, 1)).
		include(match).add(" AND ").include(test))
	return hits, err
}

// rounded keeps two digits: what follows them, an estimate does not know.
func rounded(guess float64) int {
	n, err := strconv.ParseFloat(strconv.FormatFloat(guess, 'e', 1, 64), 64)
	if err != nil || n > math.MaxInt32 {
		return math.MaxInt32
	}
	return int(n)
}
