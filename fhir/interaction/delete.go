package interaction

import (
	"context"
	"fmt"

	"andiron.dev/fhir"
)

// maxDelete bounds what one conditional delete removes.
const maxDelete = 1000

// delete is http://hl7.org/fhir/R4/http.html#delete, conditional delete (#3.1.0.7.1) included. Deleting what is not there
// is no error: the state asked for is reached.
func (x *Interactions) delete(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var resp *fhir.Response
	err := x.change(ctx, req, func(tx fhir.Tx) (err error) {
		if req.Condition != nil {
			resp, err = x.deleteMatches(ctx, tx, req)
		} else {
			resp, err = x.deleteOne(ctx, tx, req)
		}
		return err
	})
	return resp, err
}

func (x *Interactions) deleteOne(ctx context.Context, tx fhir.Tx, req *fhir.Request) (*fhir.Response, error) {
	if req.IfMatch != "" {
		current, err := tx.Read(ctx, req.Type, req.ID)
		if err != nil && !fhir.Gone(err) {
			return nil, err
		}
		if err := ifMatch(req, current); err != nil {
			return nil, err
		}
	}
	version, err := tx.Delete(ctx, req.Type, req.ID)
	switch {
	case fhir.Gone(err):
		return &fhir.Response{Result: fhir.NoContent, Notes: note("there was nothing to delete")}, nil
	case err != nil:
		return nil, err
	}
	return &fhir.Response{Result: fhir.NoContent, Version: version, Notes: note("the resource was deleted")}, nil
}

func (x *Interactions) deleteMatches(ctx context.Context, tx fhir.Tx, req *fhir.Request) (*fhir.Response, error) {
	matches, err := x.matches(ctx, tx, req, maxDelete+1)
	if err != nil {
		return nil, err
	}
	if len(matches) > 1 && (x.SingleDelete || req.IfMatch != "") {
		return nil, tooMany(req)
	}
	if len(matches) > maxDelete {
		return nil, fhir.PreconditionFailed(fhir.MultipleMatches, fmt.Sprintf("more than %d resources match the condition; nothing was deleted", maxDelete))
	}
	resp := &fhir.Response{Result: fhir.NoContent, Notes: note(fmt.Sprintf("%d resources were deleted", len(matches)))}
	if len(matches) == 0 {
		if err := ifMatch(req, nil); err != nil {
			return nil, err
		}
	}
	for _, match := range matches {
		if err := ifMatch(req, match); err != nil {
			return nil, err
		}
		version, err := tx.Delete(ctx, req.Type, match.ID())
		if err != nil {
			return nil, err
		}
		if len(matches) == 1 {
			resp.Version = version
		}
	}
	return resp, nil
}

func note(text string) *fhir.Outcome {
	return &fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Information, Code: fhir.Informational, Text: text}}}
}
