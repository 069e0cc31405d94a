package interaction

import (
	"context"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// unknownLists warns of Lists that a query asks for and that are not there: they have no members, which is an answer
// (http://hl7.org/fhir/R4/search.html#errors).
func unknownLists(ctx context.Context, tx fhir.Tx, q *search.Query) ([]fhir.Issue, error) {
	var issues []fhir.Issue
	_, err := q.Rewrite(func(e search.Expr) (search.Expr, error) {
		in, ok := e.(*search.InList)
		if !ok {
			return e, nil
		}
		for _, id := range in.Lists {
			switch _, err := tx.Read(ctx, "List", id); {
			case fhir.Gone(err):
				if len(issues) == 0 {
					issues = append(issues, fhir.Issue{Severity: fhir.Warning, Code: fhir.NotFound, Text: "'_list' names a List that is not there; it counts as an empty one"})
				}
			case err != nil:
				return nil, err
			}
		}
		return e, nil
	})
	return issues, err
}
