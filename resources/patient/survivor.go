package patient

import (
	"context"

	"andiron.dev/fhir"
)

// maxLinks is how many records one may have been merged into, one after the other.
const maxLinks = 32

// replacedBy is the id of the Patient that a record has been merged into, as far as that is one of this server; merged says whether it has been.
func replacedBy(patient fhir.Element, base string) (id string, merged bool) {
	for link := range patient.Each("link") {
		if link.Get("type").Text() == "replaced-by" {
			id, merged = localPatient(link.Get("other").Get("reference").Text(), base), true
		}
	}
	return id, merged
}

// localPatient is the id in a reference to a Patient of this server; "" = it is none.
func localPatient(reference, base string) string {
	ref := fhir.ParseReference(reference)
	if ref.Type != "Patient" || ref.Base != "" && ref.Base != base {
		return ""
	}
	return ref.ID
}

// survivor is who a Patient has been merged into, itself if it has not been, and nil where it is inactive or that cannot be seen.
func (m *Module) survivor(ctx context.Context, tx fhir.Tx, base string, r *fhir.Resource) (*fhir.Resource, error) {
	for range maxLinks {
		next, merged := replacedBy(r.Root(), base)
		if !merged {
			if r.Root().Get("active").Text() == "false" {
				return nil, nil
			}
			return r, nil
		}
		if next == "" {
			return nil, nil
		}
		to, err := tx.Read(ctx, "Patient", next)
		if missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		r = to
	}
	return nil, nil
}
