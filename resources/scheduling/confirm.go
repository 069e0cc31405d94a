package scheduling

import (
	"context"

	"andiron.dev/fhir"
)

// confirm is our Appointment/[id]/$confirm: a hold, or what a patient has asked for, becomes a booking.
func (m *Module) confirm(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		a, err := m.readOwn(ctx, tx, req.ID)
		if err != nil {
			return nil, err
		}
		if a.status != pending || a.over(m.config.Now()) {
			return nil, m.spent(a)
		}
		r, err := changed(a.r, func(o object) {
			o["status"] = booked
			seat(o, nil, "accepted")
		})
		if err != nil {
			return nil, err
		}
		done, err := m.put(ctx, tx, r)
		if err == nil {
			err = m.ordered(ctx, tx, r)
		}
		return done, err
	}, bundled)
}
