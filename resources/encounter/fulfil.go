package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// fulfil is the rule that the appointment of a visit has been kept once the visit is in progress (§7.2).
func (m *Module) fulfil(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	if c.After == nil || c.After.Root().Get("status").Text() != inProgress || c.Before != nil && c.Before.Root().Get("status").Text() == inProgress {
		return nil, nil
	}
	for _, name := range m.appointmentsOf(c.After) {
		r, err := c.Tx.Read(ctx, "Appointment", fhir.ParseReference(name).ID)
		if gone(err) {
			continue
		} else if err != nil {
			return nil, err
		}
		switch r.Root().Get("status").Text() {
		case "booked", "arrived", "checked-in":
		default:
			continue
		}
		o := objectOf(r)
		o["status"] = "fulfilled"
		next, err := build(o)
		if err != nil {
			return nil, err
		}
		if _, err := c.Tx.Put(ctx, next); err != nil {
			return nil, err
		}
	}
	return nil, nil
}
