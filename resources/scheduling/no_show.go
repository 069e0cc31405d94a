package scheduling

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// noShow is our Appointment/[id]/$no-show: the patient did not come.
func (m *Module) noShow(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	return m.write(ctx, req, func(ctx context.Context, tx fhir.Tx) ([]written, error) {
		a, err := m.readOwn(ctx, tx, req.ID)
		if err != nil {
			return nil, err
		}
		if a.status == noShow {
			return []written{{a.r, nil}}, nil
		}
		return m.missed(ctx, tx, a, req.Input.Text("comment"))
	}, one)
}

// missed marks an appointment that nobody came to, and has somebody ask why.
func (m *Module) missed(ctx context.Context, tx fhir.Tx, a *appointment, comment string) ([]written, error) {
	if a.status != booked {
		return nil, m.spent(a)
	}
	r, err := changed(a.r, func(o object) {
		o["status"] = noShow
		if comment != "" {
			o["comment"] = comment
		}
	})
	if err != nil {
		return nil, err
	}
	done, err := m.put(ctx, tx, r)
	if err == nil {
		err = m.task(ctx, tx, "no-show-outreach", "Ask the patient who did not come, and offer another time", r.Reference(), a.patients, time.Time{})
	}
	return done, err
}
