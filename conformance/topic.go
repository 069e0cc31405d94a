package conformance

import "andiron.dev/fhir"

// backport is where the definitions of the Subscriptions R5 Backport guide begin.
const backport = "http://hl7.org/fhir/uv/subscriptions-backport/"

// topics announces what Subscriptions may follow: https://hl7.org/fhir/uv/subscriptions-backport/conformance.html.
func (s *Statement) topics(w *fhir.Writer, name string) {
	if name != "Subscription" || len(s.Topics) == 0 {
		return
	}
	w.Name("extension").Array()
	for _, canonical := range s.Topics {
		w.Object().Name("url").String(backport + "StructureDefinition/capabilitystatement-subscriptiontopic-canonical")
		w.Name("valueCanonical").String(canonical).EndObject()
	}
	w.EndArray()
}
