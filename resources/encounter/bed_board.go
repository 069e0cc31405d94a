package encounter

import (
	"context"

	"andiron.dev/fhir"
)

// bedBoard is Location/[id]/$bed-board (§8.9). Who lies in a bed is told as far as the caller may know.
func (m *Module) bedBoard(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	var board *fhir.Resource
	view := func(tx fhir.Tx) error {
		top, err := tx.Read(ctx, "Location", req.ID)
		if err != nil {
			return err
		}
		if isBed(top) {
			return refused(fhir.BusinessRule, "not-a-ward", "the Location is a bed; ask for what it is in")
		}
		beds, err := m.bedsBelow(ctx, tx, top, req.Input.Text("recursive") != "false")
		if err != nil {
			return err
		}
		board, err = m.board(ctx, tx, top, beds)
		return err
	}
	if req.Tx != nil {
		if err := view(req.Tx); err != nil {
			return nil, err
		}
	} else if err := m.config.Store.View(ctx, view); err != nil {
		return nil, err
	}
	return &fhir.Response{Resource: board}, nil
}

// board is the List of beds. The extension bed-board of an entry has the parts status, ward, encounter, patient, since, expected-end, reserved-from; the
// extension bed-count of the List says how many beds of a ward have a status.
func (m *Module) board(ctx context.Context, tx fhir.Tx, top *fhir.Resource, beds []*fhir.Resource) (*fhir.Resource, error) {
	type counted struct{ ward, code string }
	counts := make(map[counted]int)
	var seen []counted
	var entries []any
	for _, bed := range beds {
		ward := bed.Root().Get("partOf").Get("reference").Text()
		above, err := m.ward(ctx, tx, bed)
		if err != nil {
			return nil, err
		}
		for _, r := range above {
			if physically(r, "wa") {
				ward = r.Reference()
				break
			}
		}
		code := condition(bed)
		of := counted{ward, code}
		if counts[of]++; counts[of] == 1 {
			seen = append(seen, of)
		}
		parts := list(object{"url": "status", "valueCode": code})
		if ward != "" {
			parts = append(parts, object{"url": "ward", "valueReference": reference(ward)})
		}
		err = m.holders(ctx, tx, bed.ID(), func(s *stay, p place) bool {
			if p.status == "reserved" {
				if !p.start.IsZero() {
					parts = append(parts, object{"url": "reserved-from", "valueDateTime": instant(p.start)})
				}
				return true
			}
			parts = append(parts, object{"url": "encounter", "valueReference": reference(s.Reference())})
			if s.patient != "" {
				parts = append(parts, object{"url": "patient", "valueReference": fhir.Tree(s.root.Get("subject"))})
			}
			if !p.start.IsZero() {
				parts = append(parts, object{"url": "since", "valueDateTime": instant(p.start)})
			}
			if !s.ends.IsZero() {
				parts = append(parts, object{"url": "expected-end", "valueDateTime": instant(s.ends)})
			}
			return true
		})
		if err != nil {
			return nil, err
		}
		item := reference(bed.Reference())
		if name := bed.Root().Get("name").Text(); name != "" {
			item["display"] = name
		}
		entries = append(entries, object{"extension": list(object{"url": ours("bed-board"), "extension": parts}), "item": item})
	}
	o := object{
		"resourceType": "List", "status": "current", "mode": "snapshot", "title": "Beds", "code": coded(codes("list-type"), "bed-board", "Beds of a ward"), "date": instant(m.config.Now()),
		"subject": reference(top.Reference()),
	}
	var extensions []any
	for _, of := range seen {
		parts := list(object{"url": "status", "valueCode": of.code}, object{"url": "count", "valueUnsignedInt": counts[of]})
		if of.ward != "" {
			parts = append(parts, object{"url": "ward", "valueReference": reference(of.ward)})
		}
		extensions = append(extensions, object{"url": ours("bed-count"), "extension": parts})
	}
	if extensions != nil {
		o["extension"] = extensions
	}
	if entries != nil {
		o["entry"] = entries
	} else {
		o["emptyReason"] = coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "nilknown", "Nil Known")
	}
	return m.sound(o)
}
