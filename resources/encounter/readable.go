package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// readable leaves out of the answer what the caller may not read: an operation writes more than who calls it may see. The visits and what the
// operation was called on, its caller has had to do with anyway.
func (w *work) readable(ctx context.Context) error {
	return w.m.config.Store.View(ctx, func(tx fhir.Tx) error {
		var rest []*change
		for _, c := range w.written {
			typ := c.resource.Type()
			if typ != "Encounter" && typ != w.req.Type {
				_, err := tx.Read(ctx, typ, c.resource.ID())
				switch fhir.CodeOf(err) {
				case "", fhir.Deleted:
				case fhir.NotFound, fhir.Forbidden:
					continue
				default:
					return err
				}
			}
			rest = append(rest, c)
		}
		w.written = rest
		return nil
	})
}
