package sqlite

import (
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// near compiles a Near: what lies in a box is measured.
func (c *compiler) near(e *search.Near) (*criterion, error) {
	out := &criterion{}
	return out, c.eachSource(e.Param, func(_ search.Source, slot *statement) {
		for _, t := range e.Any {
			for _, b := range t.Boxes() {
				where := sql(slot.String(), slot.args...).add(" AND x.latitude >= ? AND x.latitude <= ? AND x.longitude >= ? AND x.longitude <= ?", b.South, b.North, b.West, b.East)
				where.add(" AND distance(?, ?, x.latitude, x.longitude) <= ?", t.Latitude, t.Longitude, t.Within)
				out.rows = append(out.rows, rows{from: "position x", where: where})
			}
		}
	})
}

// distanceFunction is distance(latitude1, longitude1, latitude2, longitude2) in SQL, in metres.
func distanceFunction() *sqlite.FunctionImpl {
	return &sqlite.FunctionImpl{NArgs: 4, Deterministic: true, Scalar: func(_ sqlite.Context, args []sqlite.Value) (sqlite.Value, error) {
		return sqlite.FloatValue(search.Distance(args[0].Float(), args[1].Float(), args[2].Float(), args[3].Float())), nil
	}}
}

// indexPositions runs a statement, which takes the columns of table position in order, over all values.
func (w *writer) indexPositions(n int64, values []search.PositionValue, stmt *sqlite.Stmt) error {
	for _, v := range values {
		stmt.BindFloat(2, v.Latitude)
		stmt.BindFloat(3, v.Longitude)
		stmt.BindInt64(4, n)
		if err := w.runSlot(stmt, v.Slot); err != nil {
			return err
		}
	}
	return nil
}
