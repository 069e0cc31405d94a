package sqlite

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// addFunctions gives a connection the functions that searches call in SQL.
func addFunctions(c *sqlite.Conn, options Options) error {
	for name, function := range map[string]*sqlite.FunctionImpl{
		"has_text": hasTextFunction(options.Params),
		"distance": distanceFunction(),
	} {
		if err := c.CreateFunction(name, function); err != nil {
			return fmt.Errorf("adding the function %s: %w", name, err)
		}
	}
	return nil
}
