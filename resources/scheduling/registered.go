package scheduling

import (
	"fmt"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// registerFind enters what looks for times: $find of Appointment and Schedule, $utilization, offers that can be read, and what keeps agendas cheap and
// configurations right.
func (m *Module) registerFind(r *fhir.Registry) (err error) {
	key := m.config.PageKey
	if key == nil {
		key = search.NewKey()
	}
	if m.seal, err = search.NewSealer(key, m.config.Now); err != nil {
		return fmt.Errorf("the key for page links: %w", err)
	}
	m.offers = newOfferBoard(m.keep)
	r.Work(m.offers)
	m.diaries = &diaryWriter{m: m}
	r.Work(m.diaries)
	for _, o := range []struct {
		id      string
		handler fhir.HandlerFunc
	}{
		{"Appointment-find", m.find}, {"Schedule-find", m.findSchedules}, {"HealthcareService-utilization", m.utilization},
	} {
		if err := m.operation(r, o.id, o.handler); err != nil {
			return err
		}
	}
	for _, typ := range []string{"Slot", "Appointment"} {
		r.Rule(fhir.Rule{Type: typ, Check: m.diaryRule})
	}
	for _, typ := range []string{"Schedule", "HealthcareService"} {
		r.Rule(fhir.Rule{Type: typ, Check: m.configurationRule})
	}
	r.Wrap(fhir.Read, m.readOffer)
	return nil
}
