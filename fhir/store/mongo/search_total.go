package mongo

import (
	"math"
	"strconv"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// What _total=estimate may cost.
const (
	exactTotal  = 1000   // matches that are counted
	sampleTotal = 512    // resources that are tried for a sample
	leastSample = 25     // matches in a sample that can be trusted
	mostTotal   = 20_000 // matches that are counted where it cannot
)

// total counts the matches in all parts, if they are to be counted.
func total(q *search.Query, parts []*part, page *fhir.SearchPage) error {
	if q.Total == search.TotalNone {
		return nil
	}
	page.Total = 0
	for _, p := range parts {
		n, estimated := int64(0), false
		err := p.afford(q.Total == search.TotalAccurate)
		switch {
		case err != nil:
		case q.Total == search.TotalAccurate:
			n, err = p.count(0)
		default:
			n, estimated, err = p.estimate()
		}
		if err != nil {
			return err
		}
		page.Total = int(min(int64(page.Total)+n, math.MaxInt32))
		page.Estimated = page.Estimated || estimated
	}
	return nil
}

// count counts the matches, up to most and one more where that is not 0.
func (p *part) count(most int64) (n int64, err error) {
	pipeline := bson.A{bson.D{field("$match", p.filter)}, counting()}
	if most > 0 {
		pipeline = bson.A{pipeline[0], bson.D{field("$limit", most+1)}, pipeline[1]}
	}
	p.meter.trace.aggregated(p, nil, p.typ, pipeline)
	err = p.reader.aggregate(p.ctx, p.typ, pipeline, func(raw bson.Raw) error {
		n, _ = raw.Lookup("count").AsInt64OK()
		return nil
	})
	return n, err
}

// estimate says about how many matches there are: exactly, where they are few; otherwise from a sample of the resources of the type, deleted ones
// included, as the number is that it is a part of. Where few of those match, matches are counted further.
func (p *part) estimate() (n int64, estimated bool, err error) {
	counted := int64(0)
	if p.window == nil { // what is left of the limit is enough
		if counted, err = p.count(exactTotal); err != nil || counted <= exactTotal {
			return counted, false, err
		}
	} else if err := p.meter.add(sampleTotal); err != nil {
		return 0, false, err
	}
	all, hits, err := p.sampled()
	if err != nil {
		return 0, false, err
	}
	if hits < leastSample && p.window == nil {
		if counted, err = p.count(mostTotal); err != nil || counted <= mostTotal {
			return counted, false, err
		}
	}
	return max(counted, rounded(float64(hits)*float64(all)/float64(max(1, min(all, sampleTotal))))), true, nil
}

// sampled tries resources of the type that the server picks by chance, and gives how many it has. It reads what is committed now: the
// number is not known for a snapshot, nor within a transaction.
func (p *part) sampled() (all, hits int64, err error) {
	collection := p.db.Collection(p.typ)
	if all, err = collection.EstimatedDocumentCount(p.ctx); err != nil {
		return 0, 0, asOutcome(err)
	}
	pipeline := bson.A{bson.D{field("$sample", bson.D{field("size", sampleTotal)})}, bson.D{field("$match", p.filter)}, counting()}
	cursor, err := collection.Aggregate(p.ctx, pipeline, options.Aggregate().SetAllowDiskUse(true))
	err = drain(p.ctx, cursor, err, func(raw bson.Raw) error {
		hits, _ = raw.Lookup("count").AsInt64OK()
		return nil
	})
	return all, hits, err
}

// rounded keeps two digits: what follows them, an estimate does not know.
func rounded(guess float64) int64 {
	n, err := strconv.ParseFloat(strconv.FormatFloat(guess, 'e', 1, 64), 64)
	if err != nil || n > math.MaxInt32 {
		return math.MaxInt32
	}
	return int64(n)
}
