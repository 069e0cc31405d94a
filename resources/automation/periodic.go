package automation

import (
	"context"
	"strconv"
	"time"

	"andiron.dev/fhir"
)

const recordPeriod = "automation-period"

// periodRecord is how far a periodic trigger has got.
type periodRecord struct {
	Version string    `json:"version"` // of the rule that Since is about
	Since   time.Time `json:"since"`   // when somebody began to go by the rule
	Last    time.Time `json:"last,omitzero"`
	Fired   int       `json:"fired,omitempty"`
}

// periods fires the rules whose periods have begun. Of periods that have passed while no server was running only the last one counts.
func (m *Module) periods(ctx context.Context) (did bool, err error) {
	for _, r := range m.sorted() {
		for _, a := range triggered(r.actions) {
			for i, t := range a.triggers {
				if t.Get("type").Text() != periodic {
					continue
				}
				one, err := m.period(ctx, r, a, a.key+"/"+strconv.Itoa(i), t)
				if err != nil {
					return did, err
				}
				did = did || one
			}
		}
	}
	return did, nil
}

// period fires an action if a period of a trigger has begun that it has not fired for. That it fires once is seen to by the record of the firing,
// which names the period.
func (m *Module) period(ctx context.Context, r *rule, a *action, place string, t fhir.Element) (bool, error) {
	key := r.resource.ID() + "/" + digest(place)
	now := m.config.Now()
	var record periodRecord
	if err := m.config.Store.View(ctx, func(tx fhir.Tx) error { return load(ctx, tx, recordPeriod, key, &record) }); err != nil {
		return false, err
	}
	fresh := record.Version != r.resource.VersionID()
	if fresh {
		record.Version, record.Since = r.resource.VersionID(), r.resource.LastUpdated()
		if record.Since.After(now) {
			record.Since = now
		}
	}
	at, zone := time.Time{}, zoneOf(r.resource.Root())
	if zone == nil {
		zone = time.UTC
	}
	if table := timetableOf(t); table != nil && (table.count == 0 || record.Fired < table.count) {
		at = table.latest(now, record.Since, zone)
	}
	if due := at.After(record.Last); !due && !fresh {
		return false, nil
	} else if due {
		if _, err := m.fire(ctx, r, &occasion{id: "period:" + place + "@" + instant(at), kind: periodic, only: a.key, at: instant(at), time: now}); err != nil {
			return false, err
		}
		record.Last, record.Fired = at, record.Fired+1
	}
	return at.Equal(record.Last) && !at.IsZero(), m.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		return keep(ctx, tx, recordPeriod, key, r.resource.ID(), time.Time{}, record)
	})
}

// timetableOf is when a periodic trigger is due; nil for one that cannot be followed, which is refused when it is stored.
func timetableOf(t fhir.Element) *timetable {
	if timing := t.Get("timingTiming"); timing.Exists() {
		table, err := readTiming(timing)
		if err != nil {
			return nil
		}
		return table
	}
	for _, name := range []string{"timingDateTime", "timingDate"} {
		if at, ok := fhir.ParseTemporal(t.Get(name).Text(), time.UTC); ok {
			return &timetable{events: []time.Time{at.Low}}
		}
	}
	return nil
}
