package smart

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// owned reads whose records are those of a user: a Patient's own, and the one that an active RelatedPerson is related to today.
func (g *Guard) owned(ctx context.Context, who string) ([]string, error) {
	typ, id, _ := strings.Cut(who, "/")
	if !fhir.ValidID(id) {
		return nil, nil
	}
	switch typ {
	case "Patient":
		return []string{id}, nil
	case "RelatedPerson":
	default:
		return nil, nil
	}
	var related *fhir.Resource
	ctx = apart(ctx)
	err := g.config.Store.View(ctx, func(tx fhir.Tx) (err error) {
		related, err = tx.Read(ctx, typ, id)
		return err
	})
	if fhir.Gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable(err)
	}
	root := related.Root()
	if root.Get("active").Text() == "false" || !during(root.Get("period"), g.config.Now()) {
		return nil, nil
	}
	ref := fhir.ParseReference(root.Get("patient").Get("reference").Text())
	if ref.Type != "Patient" || ref.ID == "" || ref.Base != "" && ref.Base != g.config.BaseURL {
		return nil, nil
	}
	return []string{ref.ID}, nil
}

// apart is the context of what the guard reads for decisions of its own: it ends with the request, but what is read is not the request's,
// and is not written down as if its principal had seen it.
func apart(ctx context.Context) context.Context { return System(valueless{ctx}) }

// valueless is a context of which nothing but its end is known.
type valueless struct{ context.Context }

func (valueless) Value(any) any { return nil }

// during reports whether a time is within a Period; one that is not there has no ends.
func during(period fhir.Element, t time.Time) bool {
	if start, ok := fhir.ParseTemporal(period.Get("start").Text(), time.UTC); ok && t.Before(start.Low) {
		return false
	}
	end, ok := fhir.ParseTemporal(period.Get("end").Text(), time.UTC)
	return !ok || t.Before(end.High)
}

// unavailable is the answer where what a decision depends on cannot be read: nothing is allowed then.
func unavailable(err error) error {
	return fhir.NewOutcome(fhir.Transient, "what may be seen cannot be decided at the moment; try again").WithCause(err)
}
