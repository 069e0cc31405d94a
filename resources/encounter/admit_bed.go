package encounter

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// place brings the patient to a bed: the one that is named, one of the ward that is named, or the one that was reserved.
func (a *admission) place() (err error) {
	p := a.req.Input.Get("location")
	if a.bed, err = a.given("location", "Location"); err != nil {
		return err
	}
	if a.bed == nil {
		if p = a.req.Input.Get("ward"); p.Value.Exists() {
			err = a.pick()
		} else {
			err = a.awaiting()
		}
		if a.bed == nil {
			return err
		}
	}
	if !isBed(a.bed) {
		return notABed(p.Value.Path())
	}
	if a.above, err = a.m.ward(a.ctx, a.tx, a.bed); err != nil {
		return err
	}
	if a.encounter["serviceProvider"] == nil {
		for _, r := range append([]*fhir.Resource{a.bed}, a.above...) {
			if org := r.Root().Get("managingOrganization"); org.Exists() {
				a.encounter["serviceProvider"] = fhir.Tree(org)
				break
			}
		}
	}
	if a.later {
		kept(a.encounter, a.bed, a.start)
		return nil
	}
	moved(a.encounter, a.bed, a.now, nil)
	places, _ := a.encounter["location"].([]any)
	a.encounter["location"] = slices.DeleteFunc(places, func(one any) bool { // the patient is here: what was reserved has served its purpose
		e, _ := one.(object)
		return e["status"] == "reserved"
	})
	return nil
}

// awaiting finds the bed that was reserved for the stay.
func (a *admission) awaiting() error {
	if a.before == nil {
		return nil
	}
	for _, p := range a.m.held(a.before) {
		if p.status != "reserved" {
			continue
		}
		bed, err := a.tx.Read(a.ctx, "Location", p.id)
		if err == nil && isBed(bed) {
			a.bed = bed
			return nil
		}
		if err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

func notABed(path string) error {
	return refused(fhir.BusinessRule, "not-a-bed", "the Location is not a bed: its physicalType is not bd", path)
}

// moved has a stay be at a bed from a time. A reservation of the bed has served its purpose.
func moved(encounter object, bed *fhir.Resource, at time.Time, reason any) {
	entry := object{"location": reference(bed.Reference()), "status": "active", "period": object{"start": instant(at)}}
	if reason != nil {
		entry["extension"] = list(object{"url": ours("transfer-reason"), "valueCodeableConcept": reason})
	}
	if kind := fhir.Tree(bed.Root().Get("physicalType")); kind != nil {
		entry["physicalType"] = kind
	}
	var rest []any
	before, _ := encounter["location"].([]any)
	for _, one := range before {
		e, _ := one.(object)
		place, _ := e["location"].(object)
		switch {
		case e["status"] == "reserved" && asText(place["reference"]) == bed.Reference():
			continue
		case e["status"] == "active" || e["status"] == nil:
			e = ended(e, at)
		}
		rest = append(rest, e)
	}
	encounter["location"] = append(rest, entry)
}

// kept has a stay reserve a bed from a time. It comes before where the patient is, which is last.
func kept(encounter object, bed *fhir.Resource, from time.Time) {
	entry := object{"location": reference(bed.Reference()), "status": "reserved", "period": object{"start": instant(from)}}
	if kind := fhir.Tree(bed.Root().Get("physicalType")); kind != nil {
		entry["physicalType"] = kind
	}
	before, _ := encounter["location"].([]any)
	before = slices.DeleteFunc(before, func(one any) bool {
		e, _ := one.(object)
		place, _ := e["location"].(object)
		return e["status"] == "reserved" && asText(place["reference"]) == bed.Reference()
	})
	i := slices.IndexFunc(before, func(one any) bool {
		e, _ := one.(object)
		return e["status"] == "active" || e["status"] == nil
	})
	if i < 0 {
		i = len(before)
	}
	encounter["location"] = slices.Insert(before, i, any(entry))
}

// pick finds a bed in the ward: of those that are free and fit the patient, the first by name. Errors: Conflict (ward-full), with wards nearby that have one.
func (a *admission) pick() error {
	ward, err := a.given("ward", "Location")
	if err != nil {
		return err
	}
	path := a.req.Input.Get("ward").Value.Path()
	if isBed(ward) {
		return refused(fhir.BusinessRule, "not-a-ward", "the Location is a bed: name it by 'location'", path)
	}
	beds, err := a.candidates(ward)
	if err != nil {
		return err
	}
	if len(beds) > 0 {
		a.bed = beds[0]
		return nil
	}
	o := refused(fhir.Conflict, "ward-full", "no bed of the ward is free and fits", path)
	near, err := a.nearby(ward)
	if err != nil {
		return err
	}
	if len(near) > 0 {
		text, _ := json.Marshal(object{"suggestions": near}) // strings only
		o.Issues[0].Text += "; other wards have one"
		o.Issues[0].Diagnostics = string(text)
	}
	return o
}

// nearby are beds that are free in the wards beside one, one of each.
func (a *admission) nearby(ward *fhir.Resource) (near []string, err error) {
	const most = 5
	above, ok := a.m.local(ward.Root().Get("partOf").Get("reference").Text())
	if !ok {
		return nil, nil
	}
	siblings, err := a.m.all(a.ctx, a.tx, "Location", fhir.Param{Name: "partof", Value: above.Relative()})
	for _, sibling := range siblings {
		if err != nil || len(near) == most {
			break
		}
		if sibling.ID() == ward.ID() || !physically(sibling, "wa") {
			continue
		}
		var beds []*fhir.Resource
		if beds, err = a.candidates(sibling); len(beds) > 0 {
			near = append(near, beds[0].Reference())
		}
	}
	return near, err
}

// candidates are the beds below a Location that are free for the stay and fit the patient, by name.
func (a *admission) candidates(ward *fhir.Resource) (fit []*fhir.Resource, err error) {
	beds, err := a.m.bedsBelow(a.ctx, a.tx, ward, true)
	if err != nil {
		return nil, err
	}
	isolation, err := a.isolation()
	if err != nil {
		return nil, err
	}
	probe, err := build(a.probe())
	if err != nil {
		return nil, err
	}
	d := &draft{m: a.m, ctx: a.ctx, tx: a.tx, was: a.m.stayOf(nil), is: a.m.stayOf(probe), now: a.now}
	for _, bed := range beds {
		if !a.suits(bed, isolation) {
			continue
		}
		status := "active"
		if a.later {
			status = "reserved"
		} else if err := a.m.usable(a.ctx, a.tx, bed); fhir.CodeOf(err) == fhir.Conflict {
			continue
		} else if err != nil {
			return nil, err
		}
		err := d.free(place{id: bed.ID(), status: status, start: a.start}, nil)
		if fhir.CodeOf(err) == fhir.Conflict {
			continue
		}
		if err != nil {
			return nil, err
		}
		fit = append(fit, bed)
	}
	return fit, nil
}

// probe is the Encounter as far as it has come, with an id: enough to ask whether a bed is free for it.
func (a *admission) probe() object {
	o := object{"resourceType": "Encounter", "id": "probe"}
	for k, v := range a.encounter {
		o[k] = v
	}
	return o
}

// bedKind is the extension by which a bed, or the room or ward that it is in, says for whom it is: parts gender (code) and isolation (boolean).
const bedKind = "bed-characteristic"

// suits reports whether a bed is for the patient's gender, and isolated if and only if the patient needs that.
func (a *admission) suits(bed *fhir.Resource, isolation bool) bool {
	kind := extension(bed.Root(), bedKind)
	if gender := part(kind, "gender").Get("valueCode").Text(); gender != "" && gender != a.patient.Root().Get("gender").Text() {
		return false
	}
	return isolation == (part(kind, "isolation").Get("valueBoolean").Text() == "true")
}

// isolation reports whether the patient has to be isolated: an active Flag says so.
func (a *admission) isolation() (needed bool, err error) {
	err = a.m.find(a.ctx, a.tx, "Flag", fhir.Params{{Name: "patient", Value: a.patient.Reference()}}, func(r *fhir.Resource) bool {
		if r.Root().Get("status").Text() != "active" {
			return true
		}
		for coding := range r.Root().Get("code").Each("coding") {
			needed = needed || strings.Contains(strings.ToLower(coding.Get("code").Text()), "isolation")
		}
		return !needed
	})
	return needed, err
}
