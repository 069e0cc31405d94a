package server

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/interaction"
	"andiron.dev/smart"
)

// join makes one update of all that fn does to the store.
func (s *Server) join(ctx context.Context, fn func(context.Context) error) error {
	return s.config.Rules.Join(ctx, nil, func(ctx context.Context, _ fhir.Tx) error { return fn(ctx) })
}

// account has then told what fn writes.
func (s *Server) account(ctx context.Context, fn func(context.Context) error, then func(context.Context, fhir.Tx, []*fhir.Version) error) error {
	return s.config.Rules.Account(ctx, fn, then)
}

// Who acts, and with what (http://hl7.org/fhir/R4/valueset-provenance-agent-type.html).
func performer() interaction.Coding {
	return interaction.Coding{System: "http://terminology.hl7.org/CodeSystem/provenance-participant-type", Code: "performer", Display: "Performer"}
}

func application() interaction.Coding {
	return interaction.Coding{System: "http://dicom.nema.org/resources/ontology/DCM", Code: "110150", Display: "Application"}
}

// agents are who asks, for the Provenance of what they write: the user and the program that they use, or a client that acts for itself.
func agents(ctx context.Context) []interaction.Agent {
	p := smart.From(ctx)
	switch {
	case p == nil:
		return []interaction.Agent{{Role: performer(), Display: "somebody who did not have to say who they are"}}
	case p.IsServer():
		return []interaction.Agent{{Role: performer(), Display: "Andiron"}}
	}
	_, name, _ := strings.Cut(p.Subject, ":")
	who := interaction.Agent{Role: performer(), Identifier: interaction.Coding{System: p.Issuer, Code: name}, Display: p.Name}
	switch ref := fhir.ParseReference(p.FhirUser); ref.Type {
	case "Practitioner", "PractitionerRole", "Organization", "Device", "Patient", "RelatedPerson":
		who.Reference = p.FhirUser
	}
	list := []interaction.Agent{who}
	if !p.IsClient() && p.ClientID != "" {
		list = append(list, interaction.Agent{Role: application(), Identifier: interaction.Coding{Code: p.ClientID}})
	}
	return list
}
