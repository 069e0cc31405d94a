package encounter

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
)

const (
	// recent is how many of the last visits of a service say how long the next will take.
	recent = 20
	// lookedAt bounds the finished visits that are looked through for these.
	lookedAt = 500
	// usual is how long a visit takes of which nothing is known.
	usual = 15 * time.Minute
)

// queue is Location/[id]/$queue (§8.3): who waits there, in the order in which they are called, and until when about. Everybody has their place in
// it, but only those are listed whom the caller may see.
func (m *Module) queue(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var out *fhir.Resource
	view := func(tx fhir.Tx) error {
		place, err := tx.Read(ctx, "Location", req.ID)
		if err != nil {
			return err
		}
		q := &waitingLine{m: m, ctx: smart.System(ctx), tx: tx, place: place, now: m.config.Now(), lengths: make(map[string]time.Duration)}
		if err := q.day(req.Input.Text("date")); err != nil {
			return err
		}
		if err := q.within(); err != nil {
			return err
		}
		if err := q.of(req.Input); err != nil {
			return err
		}
		list, err := q.waiting()
		if err != nil {
			return err
		}
		visible := make(map[string]bool)
		err = m.find(ctx, tx, "Encounter", q.search(), func(r *fhir.Resource) bool {
			visible[r.ID()] = true
			return true
		})
		if err != nil {
			return err
		}
		out, err = q.list(list, visible)
		return err
	}
	var err error
	if req.Tx != nil {
		err = view(req.Tx)
	} else {
		err = m.config.Store.View(ctx, view)
	}
	if err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: out}, nil
}

// waitingLine is a queue while it is put together.
type waitingLine struct {
	m        *Module
	ctx      context.Context
	tx       fhir.Tx
	place    *fhir.Resource
	inside   []string // references to the place and to what is part of it
	now      time.Time
	from, to time.Time       // the day
	who      map[string]bool // practitioners whose patients are asked for; nil = all
	lengths  map[string]time.Duration
}

// day reads which day is asked for, in the time zone of the place. Error: Value.
func (q *waitingLine) day(text string) error {
	zone, err := q.m.zoneOf(q.ctx, q.tx, q.place)
	if err != nil {
		return err
	}
	if zone == nil {
		zone = time.UTC
	}
	at := q.now.In(zone)
	if text != "" {
		t, ok := fhir.ParseTemporal(text, zone)
		if !ok || t.Precision != fhir.Day {
			return fhir.NewOutcome(fhir.Value, "the parameter 'date' must be a day", "Parameters.parameter")
		}
		at = t.Low.In(zone)
	}
	q.from = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, zone)
	q.to = time.Date(at.Year(), at.Month(), at.Day()+1, 0, 0, 0, 0, zone)
	return nil
}

// mostPlaces bounds what is looked at as part of a place.
const mostPlaces = 200

// within finds what is part of the place: who waits in a room of a clinic waits in the clinic.
func (q *waitingLine) within() error {
	q.inside = []string{q.place.Reference()}
	for i := 0; i < len(q.inside) && len(q.inside) < mostPlaces; i++ {
		err := q.m.find(q.ctx, q.tx, "Location", fhir.Params{{Name: "partof", Value: q.inside[i]}}, func(r *fhir.Resource) bool {
			if !slices.Contains(q.inside, r.Reference()) {
				q.inside = append(q.inside, r.Reference())
			}
			return len(q.inside) < mostPlaces
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// of reads whose patients are asked for. Error: Value.
func (q *waitingLine) of(in fhir.Parameters) error {
	for p := range in.Each("practitioner") {
		ref, err := q.m.named(p, "Practitioner", "PractitionerRole")
		if err != nil {
			return err
		}
		if q.who == nil {
			q.who = make(map[string]bool)
		}
		q.who[ref.Relative()] = true
	}
	return nil
}

// search is the visits that may be part of it.
func (q *waitingLine) search() fhir.Params {
	return fhir.Params{
		{Name: "location", Value: strings.Join(q.inside, ",")}, {Name: "status", Value: arrived + "," + triaged},
		{Name: "date", Value: "ge" + search.Escape(instant(q.from))}, {Name: "date", Value: "lt" + search.Escape(instant(q.to))},
	}
}

// waiting are those who wait, in their order.
func (q *waitingLine) waiting() (list []waiter, err error) {
	found, err := q.m.all(q.ctx, q.tx, "Encounter", q.search()...)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		since, ok := when(e.Root().Get("period").Get("start"))
		if !ok || since.Before(q.from) || !since.Before(q.to) || !q.isHere(e) {
			continue
		}
		var appointment *fhir.Resource
		for _, name := range q.m.appointmentsOf(e) {
			appointment, err = q.tx.Read(q.ctx, "Appointment", fhir.ParseReference(name).ID)
			if gone(err) {
				err = nil
			}
			if appointment != nil || err != nil {
				break
			}
		}
		if err != nil {
			return nil, err
		}
		list = append(list, waiterOf(e, appointment))
	}
	queued(list, len(q.inside) == 1)
	return list, nil
}

// isHere reports whether a visit is in this place still.
func (q *waitingLine) isHere(e *fhir.Resource) bool {
	for _, p := range q.m.places(q.m.stayOf(e)) {
		if p.status == "active" && slices.Contains(q.inside, "Location/"+p.id) {
			return true
		}
	}
	return false
}

// isFor reports whether a visit is for one of the practitioners who are asked for, or for nobody in particular.
func (q *waitingLine) isFor(e *fhir.Resource) bool {
	for p := range e.Root().Each("participant") {
		if ref, ok := q.m.local(p.Get("individual").Get("reference").Text()); ok && q.who[ref.Relative()] {
			return true
		}
	}
	return q.who == nil
}

// list writes the queue down.
func (q *waitingLine) list(waiting []waiter, visible map[string]bool) (*fhir.Resource, error) {
	o := object{
		"resourceType": "List", "status": "current", "mode": "snapshot", "title": "Queue", "date": instant(q.now), "code": coded(codes("list-type"), "queue", "Queue"),
		"orderedBy": coded("http://terminology.hl7.org/CodeSystem/list-order", "priority", ""),
		"extension": list(object{"url": ours("queue-location"), "valueReference": reference(q.place.Reference())}),
	}
	var entries []any
	position, eta := 0, q.now
	for _, w := range waiting {
		if !q.isFor(w.encounter) {
			continue
		}
		position++
		length, err := q.length(w.encounter)
		if err != nil {
			return nil, err
		}
		eta = eta.Add(length)
		if !visible[w.encounter.ID()] {
			continue
		}
		parts := list(object{"url": "position", "valuePositiveInt": position}, object{"url": "waiting-minutes", "valueUnsignedInt": int(max(q.now.Sub(w.since), 0).Round(time.Minute) / time.Minute)},
			object{"url": "eta", "valueDateTime": instant(eta)})
		if w.token < 1<<30 {
			parts = append(parts, object{"url": "token", "valuePositiveInt": w.token})
		}
		entries = append(entries, object{
			"extension": list(object{"url": ours("queue-entry"), "extension": parts}), "date": instant(w.since), "item": reference(w.encounter.Reference()),
		})
	}
	if entries == nil {
		o["emptyReason"] = coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown", "Nil Known")
	} else {
		o["entry"] = entries
	}
	return q.m.sound(o)
}

// length is how long a visit will take: the median of the last visits of its service, or else the time that is set aside for it.
func (q *waitingLine) length(e *fhir.Resource) (time.Duration, error) {
	kind := e.Root().Get("serviceType")
	key := ""
	for coding := range kind.Each("coding") {
		key = tokenOf(coding)
		break
	}
	if known, ok := q.lengths[key]; ok {
		return known, nil
	}
	var lengths []time.Duration
	looked := 0
	params := fhir.Params{{Name: "status", Value: finished}, {Name: "location", Value: strings.Join(q.inside, ",")}, {Name: "_sort", Value: "-date"}}
	err := q.m.find(q.ctx, q.tx, "Encounter", params, func(r *fhir.Resource) bool {
		looked++
		if tokens(r.Root().Get("serviceType"))[key] || key == "" {
			if d, ok := served(r); ok {
				lengths = append(lengths, d)
			}
		}
		return len(lengths) < recent && looked < lookedAt
	})
	if err != nil {
		return 0, err
	}
	length := middle(lengths)
	if length <= 0 {
		if length, err = q.planned(e); err != nil {
			return 0, err
		}
	}
	q.lengths[key] = length
	return length, nil
}

// planned is the time that an appointment has set aside.
func (q *waitingLine) planned(e *fhir.Resource) (time.Duration, error) {
	for _, name := range q.m.appointmentsOf(e) {
		r, err := q.tx.Read(q.ctx, "Appointment", fhir.ParseReference(name).ID)
		if gone(err) {
			continue
		} else if err != nil {
			return 0, err
		}
		start, begins := when(r.Root().Get("start"))
		end, ends := when(r.Root().Get("end"))
		if begins && ends && end.After(start) {
			return end.Sub(start), nil
		}
		if n, err := strconv.Atoi(r.Root().Get("minutesDuration").Text()); err == nil && n > 0 {
			return time.Duration(n) * time.Minute, nil
		}
	}
	return usual, nil
}

// fallback is how long a visit of a service is planned to take: the part duration of its scheduling-parameters, in minutes.
func (w *work) fallback(service *fhir.Resource) time.Duration {
	value := part(extension(service.Root(), "scheduling-parameters"), "duration").Get("valueDuration").Get("value").Text()
	if n, err := strconv.ParseFloat(value, 64); err == nil && n >= 1 && n <= 24*60 {
		return time.Duration(n * float64(time.Minute)).Round(time.Minute)
	}
	return usual
}
