package rest

import "andiron.dev/fhir"

// ProvenanceHeader brings the Provenance of what a request writes (http://hl7.org/fhir/R4/provenance.html#header).
const ProvenanceHeader = "X-Provenance"

// readProvenance reads the header. Whether it goes with the interaction, and whether it is valid R4, others say.
func (k *call) readProvenance() error {
	values := k.http.Header.Values(ProvenanceHeader)
	switch {
	case len(values) == 0:
		return nil
	case len(values) > 1:
		return fhir.NewOutcome(fhir.Invalid, ProvenanceHeader+" must not be repeated")
	}
	r, err := fhir.ParseResource(values[0], k.edge.Limits.Resource)
	if err != nil {
		o := *fhir.AsOutcome(err)
		for i := range o.Issues {
			if len(o.Issues[i].Expression) == 0 {
				o.Issues[i].Expression = []string{"http." + ProvenanceHeader}
			}
		}
		return &o
	}
	k.req.Provenance = r
	return nil
}
