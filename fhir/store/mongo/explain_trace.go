package mongo

import (
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// trace remembers what a search has asked of the server. All may be asked of a trace that is nil.
type trace struct {
	parts []*part
	calls []*call
}

// call is a command of a search: of a part as a whole, or to find what one of its criteria leads through.
type call struct {
	part    *part
	of      *criterion
	command bson.D
	counts  bool // all that is found, instead of giving it
	plan
}

// plan is what the server says of how it has carried a command out.
type plan struct {
	indexes  []string // names, in the order in which they are used
	slots    []string // that bound the walk of an index
	sorting  bool
	scanning bool  // all of the collection
	examined int64 // keys and documents
}

func (t *trace) searched(p *part, of *criterion, collection string, filter bson.D, opts ...options.Lister[options.FindOptions]) {
	if t == nil {
		return
	}
	var o options.FindOptions
	for _, list := range opts {
		for _, set := range list.List() {
			_ = set(&o) // it is what the driver has been given too
		}
	}
	command := bson.D{field("find", collection), field("filter", filter)}
	if o.Sort != nil {
		command = append(command, field("sort", o.Sort))
	}
	if o.Limit != nil {
		command = append(command, field("limit", *o.Limit))
	}
	if o.Projection != nil {
		command = append(command, field("projection", o.Projection))
	}
	t.calls = append(t.calls, &call{part: p, of: of, command: command})
}

func (t *trace) aggregated(p *part, of *criterion, collection string, pipeline bson.A) {
	if t == nil {
		return
	}
	last := pipeline[len(pipeline)-1].(bson.D)
	t.calls = append(t.calls, &call{part: p, of: of, counts: last[0].Key == "$group",
		command: bson.D{field("aggregate", collection), field("pipeline", pipeline), field("cursor", bson.D{}), field("allowDiskUse", true)}})
}

// explain has the server carry each command out once more and say how: MongoDB says that neither within a transaction nor of a
// snapshot, so what others have written since is in it.
func (r *reader) explain(ctx context.Context, t *trace) error {
	for _, c := range t.calls {
		raw, err := r.db.RunCommand(ctx, bson.D{field("explain", c.command), field("verbosity", "executionStats")}).Raw()
		if err != nil {
			return asOutcome(err)
		}
		c.read(raw, false)
	}
	return nil
}

// read gathers, from what the server says, what it has looked at and which indexes it has used. It is nested as the cluster is: a
// pipeline has stages, a router shards, and of each there are plans.
func (p *plan) read(d bson.Raw, winning bool) {
	elements, err := d.Elements()
	if err != nil {
		return
	}
	for _, e := range elements {
		switch name := e.Key(); name {
		case "executionStats":
			stats := e.Value().Document()
			for _, n := range []string{"totalKeysExamined", "totalDocsExamined"} {
				examined, _ := stats.Lookup(n).AsInt64OK()
				p.examined += examined
			}
			continue
		case "rejectedPlans", "slotBasedPlan", "parsedQuery", "command", "serverInfo", "serverParameters":
			continue
		case "winningPlan":
			p.within(e.Value(), true)
			continue
		case "$sort":
			p.sorting = true
		case "stage":
			stage, _ := e.Value().StringValueOK()
			p.sorting = p.sorting || winning && stage == "SORT"
			p.scanning = p.scanning || winning && stage == "COLLSCAN"
			if stage == "IDHACK" || stage == "CLUSTERED_IXSCAN" || stage == "EXPRESS_IXSCAN" {
				p.use("_id_")
			}
		case "indexName":
			if index, ok := e.Value().StringValueOK(); ok && winning {
				p.use(index)
			}
		case "indexBounds":
			p.bound(e.Value())
			continue
		}
		p.within(e.Value(), winning)
	}
}

func (p *plan) within(v bson.RawValue, winning bool) {
	if d, ok := v.DocumentOK(); ok {
		p.read(d, winning)
	}
	if a, ok := v.ArrayOK(); ok {
		values, err := a.Values()
		if err != nil {
			return
		}
		for _, item := range values {
			p.within(item, winning)
		}
	}
}

func (p *plan) use(index string) {
	if !slices.Contains(p.indexes, index) {
		p.indexes = append(p.indexes, index)
	}
}

// bound takes the slots out of the bounds of a walk, which are written as ["token Patient.gender", "token Patient.gender"].
func (p *plan) bound(v bson.RawValue) {
	d, ok := v.DocumentOK()
	if !ok {
		return
	}
	array, ok := d.Lookup("idx.s").ArrayOK()
	if !ok {
		return
	}
	values, err := array.Values()
	if err != nil {
		return
	}
	for _, item := range values {
		if text, ok := item.StringValueOK(); ok {
			p.slots = append(p.slots, text)
		}
	}
}
