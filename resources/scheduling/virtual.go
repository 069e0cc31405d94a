package scheduling

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
)

// virtualExtension has where a virtual visit takes place: the ContactPoint to join at.
const virtualExtension = ours + "virtual-service"

// isVirtual reports whether visits of a service take place from afar.
func isVirtual(service *fhir.Resource) bool {
	if service == nil {
		return false
	}
	for c := range service.Root().Each("characteristic") {
		if hasCode(c, "virtual") {
			return true
		}
	}
	return false
}

// virtual gives a virtual visit where it takes place. The address cannot be guessed, and an appointment keeps it.
func (m *Module) virtual(o object, a *appointment, claims []claim) {
	if !slices.ContainsFunc(claims, func(c claim) bool { return isVirtual(c.service) }) {
		extend(o, virtualExtension, nil)
		return
	}
	if extension(a.root, virtualExtension).Exists() && a.r.VersionID() != "" {
		return
	}
	base := strings.TrimSuffix(strings.TrimSuffix(m.config.BaseURL, "/"), "/fhir")
	if base == "" {
		base = "https://visit.invalid"
	}
	extend(o, virtualExtension, object{"valueContactPoint": object{"system": "url", "value": base + "/visit/" + rand.Text(), "use": "temp"}})
}

// Redact takes the address of a virtual visit out of an Appointment for everybody but who takes part in it: a smart.Shower.
func Redact(ctx context.Context, r *fhir.Resource) (*fhir.Resource, error) {
	if r == nil || r.Type() != "Appointment" || !strings.Contains(r.Body(), virtualExtension) {
		return r, nil
	}
	a := appointmentOf(r)
	if p := smart.From(ctx); p == nil || p.IsServer() || p.Patient != "" && slices.Contains(a.patients, "Patient/"+p.Patient) ||
		p.FhirUser != "" && (slices.Contains(a.actors, p.FhirUser) || slices.Contains(a.patients, p.FhirUser)) {
		return r, nil
	}
	return changed(r, func(o object) { extend(o, virtualExtension, nil) })
}
