package mongo

import (
	"context"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// outboxEvent is a document of the outbox: one for each version, numbered in the commit order.
type outboxEvent struct {
	Seq    int64  `bson:"_id"`
	Type   string `bson:"type"`
	ID     string `bson:"id"`
	Vid    int64  `bson:"vid"`
	At     int64  `bson:"at"` // milliseconds
	Method string `bson:"method"`
}

// Methods as the outbox has them.
const (
	created = "create"
	updated = "update"
	deleted = "delete"
)

func methodOf(v *fhir.Version) string {
	switch {
	case v.Deleted:
		return deleted
	case v.Created:
		return created
	}
	return updated
}

func (e *outboxEvent) event() fhir.Event {
	return fhir.Event{Seq: fhir.Seq(e.Seq), Type: e.Type, ID: e.ID, VersionID: strconv.FormatInt(e.Vid, 10), LastUpdated: time.UnixMilli(e.At).UTC(),
		Method: map[string]fhir.Interaction{created: fhir.Create, updated: fhir.Update, deleted: fhir.Delete}[e.Method]}
}

// millisUp is a time in milliseconds, rounded up.
func millisUp(t time.Time) int64 {
	millis := t.UnixMilli()
	if time.UnixMilli(millis).Before(t) {
		millis++
	}
	return millis
}

// History implements fhir.Reader.
func (r *reader) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	filter := bson.D{}
	if q.Type != "" {
		filter = append(filter, bson.E{Key: "type", Value: q.Type})
	}
	if q.ID != "" {
		got, err := r.row(ctx, q.Type, q.ID)
		if err != nil {
			return nil, err
		}
		if !got.exists() {
			return nil, notFound(q.Type)
		}
		filter = append(filter, bson.E{Key: "id", Value: q.ID})
	}
	bounds := bson.D{}
	if !q.Since.IsZero() {
		bounds = append(bounds, bson.E{Key: "$gte", Value: millisUp(q.Since)})
	}
	if q.At != nil { // current at some time during the interval: written before its end, and not replaced before its start
		bounds = append(bounds, bson.E{Key: "$lt", Value: millisUp(q.At.High)})
	}
	if len(bounds) > 0 {
		filter = append(filter, bson.E{Key: "at", Value: bounds})
	}
	page := &fhir.HistoryPage{Total: -1}
	if q.ID != "" {
		all, err := r.outbox(ctx, filter, 0, q.At, -1)
		if err != nil {
			return nil, err
		}
		page.Total = len(all)
	}
	list, err := r.outbox(ctx, filter, int64(q.Before), q.At, q.Count+1)
	if err != nil {
		return nil, err
	}
	if len(list) > q.Count {
		list = list[:q.Count]
		page.Next = q.Before
		if q.Count > 0 {
			page.Next = fhir.Seq(list[q.Count-1].Seq)
		}
	}
	page.Events, err = r.events(ctx, list)
	return page, err
}

// historyBatch is how many events are tried at once for whether they were current.
const historyBatch = 200

// outbox reads at most max events before one (0 = from the newest), newest first; max -1 = all. at leaves out those that had been
// replaced before the interval.
func (r *reader) outbox(ctx context.Context, filter bson.D, before int64, at *fhir.Temporal, max int) (list []outboxEvent, err error) {
	for max < 0 || len(list) < max {
		f := append(bson.D{}, filter...)
		if before > 0 {
			f = append(f, bson.E{Key: "_id", Value: bson.D{{Key: "$lt", Value: before}}})
		}
		size := historyBatch
		if max >= 0 && at == nil {
			size = max - len(list)
		}
		var batch []outboxEvent
		if err := r.find(ctx, eventsName, f, func(raw bson.Raw) error {
			var e outboxEvent
			err := bson.Unmarshal(raw, &e)
			batch = append(batch, e)
			return err
		}, options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(int64(size))); err != nil {
			return nil, asOutcome(err)
		}
		if len(batch) == 0 {
			break
		}
		before = batch[len(batch)-1].Seq
		full := len(batch) == size
		if at != nil {
			if batch, err = r.lasting(ctx, batch, at.Low.UnixMilli()); err != nil {
				return nil, err
			}
		}
		list = append(list, batch...)
		if !full {
			break
		}
	}
	if max >= 0 && len(list) > max {
		list = list[:max]
	}
	return list, nil
}

// lasting leaves out the versions that had been replaced at a time.
func (r *reader) lasting(ctx context.Context, batch []outboxEvent, at int64) (list []outboxEvent, err error) {
	next := make(bson.A, len(batch))
	for i, e := range batch {
		next[i] = bson.D{{Key: "type", Value: e.Type}, {Key: "id", Value: e.ID}, {Key: "vid", Value: e.Vid + 1}}
	}
	type name struct {
		typ, id string
		vid     int64
	}
	replaced := make(map[name]bool)
	if err := r.find(ctx, eventsName, bson.D{{Key: "$or", Value: next}, {Key: "at", Value: bson.D{{Key: "$lte", Value: at}}}}, func(raw bson.Raw) error {
		var e outboxEvent
		err := bson.Unmarshal(raw, &e)
		replaced[name{e.Type, e.ID, e.Vid - 1}] = true
		return err
	}); err != nil {
		return nil, asOutcome(err)
	}
	for _, e := range batch {
		if !replaced[name{e.Type, e.ID, e.Vid}] {
			list = append(list, e)
		}
	}
	return list, nil
}

// events reads what the events are about: one look-up for each type.
func (r *reader) events(ctx context.Context, list []outboxEvent) ([]fhir.Event, error) {
	wanted := make(map[string][]int)
	for i := range list {
		if list[i].Method != deleted {
			wanted[list[i].Type] = append(wanted[list[i].Type], i)
		}
	}
	events := make([]fhir.Event, len(list))
	for i := range list {
		events[i] = list[i].event()
	}
	for typ, places := range wanted {
		ids, at := make(bson.A, len(places)), make(map[string]int, len(places))
		for i, place := range places {
			id := versionID(list[place].ID, list[place].Vid)
			ids[i], at[id] = id, place
		}
		found := 0
		if err := r.find(ctx, typ+historySuffix, bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: ids}}}}, func(raw bson.Raw) error {
			got, err := readRow(raw)
			if err != nil {
				return asOutcome(err)
			}
			events[at[versionID(got.id, got.vid)]].Resource = got.resource(typ)
			found++
			return nil
		}); err != nil {
			return nil, err
		}
		if found != len(places) {
			return nil, fhir.Internal(constError("the outbox names a version that is not in the history"))
		}
	}
	return events, nil
}

// Events implements fhir.Store. It reads the primary: what has been acknowledged is there.
func (s *Store) Events(ctx context.Context, after fhir.Seq, max int) (events []fhir.Event, err error) {
	err = s.snapshot(ctx, s.db, func(r *reader) error {
		if max < 1 {
			return nil
		}
		var list []outboxEvent
		if err := r.find(ctx, eventsName, bson.D{{Key: "_id", Value: bson.D{{Key: "$gt", Value: int64(after)}}}}, func(raw bson.Raw) error {
			var e outboxEvent
			err := bson.Unmarshal(raw, &e)
			list = append(list, e)
			return err
		}, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetLimit(int64(max))); err != nil {
			return asOutcome(err)
		}
		events, err = r.events(ctx, list)
		return err
	})
	return events, err
}
