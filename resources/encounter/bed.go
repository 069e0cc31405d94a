package encounter

import (
	"context"
	"strings"

	"andiron.dev/fhir"
)

// bedStatus is the code system of Location.operationalStatus.
const bedStatus = "http://terminology.hl7.org/CodeSystem/v2-0116"

// The statuses of a bed.
const (
	unoccupied   = "U"
	occupied     = "O"
	housekeeping = "H"
	contaminated = "K"
	isolated     = "I"
)

// isBed reports whether a Location is a bed.
func isBed(r *fhir.Resource) bool { return r != nil && physically(r, "bd") }

func physically(r *fhir.Resource, kinds ...string) bool {
	for _, kind := range kinds {
		if hasCode(r.Root().Get("physicalType"), kind) {
			return true
		}
	}
	return false
}

// condition is the operational status of a bed; one that says nothing is unoccupied.
func condition(bed *fhir.Resource) string {
	if code := bed.Root().Get("operationalStatus").Get("code").Text(); code != "" {
		return code
	}
	return unoccupied
}

// conditioned is a bed with another operational status.
func conditioned(bed *fhir.Resource, code string) object {
	o := objectOf(bed)
	display := map[string]string{unoccupied: "Unoccupied", occupied: "Occupied", housekeeping: "Housekeeping"}[code]
	o["operationalStatus"] = object{"system": bedStatus, "code": code, "display": display}
	return o
}

// ward is what a bed is in, the nearest first: rooms, the ward, the house. It ends where it would begin again.
func (m *Module) ward(ctx context.Context, tx fhir.Tx, bed *fhir.Resource) (above []*fhir.Resource, err error) {
	const most = 8
	for r := bed; len(above) < most; {
		ref, ok := m.local(r.Root().Get("partOf").Get("reference").Text())
		if !ok || ref.Type != "Location" {
			return above, nil
		}
		if r, err = tx.Read(ctx, "Location", ref.ID); gone(err) {
			return above, nil
		} else if err != nil {
			return nil, err
		}
		above = append(above, r)
	}
	return above, nil
}

// inService reports whether a Location can be used: it is active, or says nothing else.
func inService(r *fhir.Resource) bool {
	status := r.Root().Get("status").Text()
	return status == "" || status == "active"
}

// usable refuses a bed to which nobody can be brought now.
func (m *Module) usable(ctx context.Context, tx fhir.Tx, bed *fhir.Resource) error {
	if !inService(bed) {
		return refused(fhir.Conflict, bedNotAvailable, "the bed is not in service")
	}
	if code := condition(bed); code != unoccupied {
		return refused(fhir.Conflict, bedNotAvailable, "the bed is "+inWords(code))
	}
	above, err := m.ward(ctx, tx, bed)
	if err != nil {
		return err
	}
	for _, r := range above {
		if !inService(r) {
			return refused(fhir.Conflict, bedNotAvailable, "the ward of the bed is not in service")
		}
	}
	return nil
}

func inWords(code string) string {
	switch code {
	case occupied:
		return "occupied"
	case housekeeping:
		return "being cleaned"
	case "C":
		return "closed"
	case contaminated:
		return "contaminated"
	case isolated:
		return "isolated"
	}
	return "not unoccupied"
}

// nameOf is what a Location is called, for sorting.
func nameOf(r *fhir.Resource) string {
	if name := r.Root().Get("name").Text(); name != "" {
		return strings.ToLower(name)
	}
	return r.ID()
}
