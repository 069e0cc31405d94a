package patient

import (
	"context"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// operations is the code system of what a Provenance has as its activity: the ids of OperationDefinitions.
const operations = fhir.CanonicalBase + "/CodeSystem/operation"

// provenance says who did what (domain.md §3.10): targets and sources are references with versions; activity is a code of v3-DataOperation beside the
// id of the operation.
func (m *Module) provenance(ctx context.Context, operation, activity string, targets, sources []string, reason string) (*fhir.Resource, error) {
	var list, entities []any
	for _, target := range targets {
		list = append(list, reference(target))
	}
	for _, source := range sources {
		entities = append(entities, object{"role": "source", "what": reference(source)})
	}
	code := concept(operations, operation, "")
	delete(code["coding"].([]any)[0].(object), "display")
	code["coding"] = append(code["coding"].([]any), object{"system": "http://terminology.hl7.org/CodeSystem/v3-DataOperation", "code": activity})
	o := object{
		"resourceType": "Provenance", "id": m.config.NewID(), "target": list, "recorded": m.config.Now().UTC().Format(time.RFC3339),
		"activity": code, "agent": []any{object{"type": concept("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "performer", "Performer"), "who": agent(ctx)}},
	}
	if entities != nil {
		o["entity"] = entities
	}
	if reason != "" {
		o["reason"] = []any{object{"text": reason}}
	}
	return made(o)
}

// agent is who asks.
func agent(ctx context.Context) object {
	p := smart.From(ctx)
	switch {
	case p == nil:
		return object{"display": "Unknown: the server runs without authorization"}
	case p.FhirUser != "":
		return object{"reference": p.FhirUser}
	case p.Name != "":
		return object{"display": p.Name}
	}
	return object{"display": p.Subject}
}
