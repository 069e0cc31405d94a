package encounter

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// account is what the stay is billed to: the one that is given, that of the visit, or a new one. Its coverage is in the order of priority.
func (a *admission) account() error {
	coverage, err := a.coverage()
	if err != nil {
		return err
	}
	p := a.req.Input.Get("account")
	r, err := a.given("account", "Account")
	if err != nil {
		return err
	}
	if r == nil && a.before != nil {
		for e := range a.before.root.Each("account") {
			ref, ok := a.m.local(e.Get("reference").Text())
			if !ok {
				continue
			}
			if r, err = a.tx.Read(a.ctx, "Account", ref.ID); err != nil && !gone(err) {
				return err
			}
			if r != nil {
				break
			}
		}
	}
	if r == nil {
		o := object{
			"resourceType": "Account", "status": "active", "type": coded(actCode, "PBILLACCT", "patient billing account"), "name": "Stay from " + a.start.UTC().Format(time.DateOnly),
			"subject": list(reference(a.patient.Reference())), "servicePeriod": object{"start": instant(a.start)},
		}
		if a.encounter["serviceProvider"] != nil {
			o["owner"] = a.encounter["serviceProvider"]
		}
		if coverage != nil {
			o["coverage"] = coverage
		}
		if r, err = a.create(o); err != nil {
			return err
		}
	} else if r, err = a.covered(r, coverage, p.Value.Path()); err != nil {
		return err
	}
	ref := r.Reference()
	known, _ := a.encounter["account"].([]any)
	if !slices.ContainsFunc(known, func(one any) bool { o, _ := one.(object); return asText(o["reference"]) == ref }) {
		a.encounter["account"] = append(known, reference(ref))
	}
	return nil
}

// covered is an account that exists, with the coverage that it does not have yet. Errors: BusinessRule for one of somebody else, or that is closed.
func (a *admission) covered(r *fhir.Resource, coverage []any, path string) (*fhir.Resource, error) {
	own := false
	for e := range r.Root().Each("subject") {
		ref, ok := a.m.local(e.Get("reference").Text())
		own = own || ok && ref.Relative() == a.patient.Reference()
	}
	if !own {
		return nil, refused(fhir.BusinessRule, "other-patient", "the account is somebody else's", path)
	}
	if status := r.Root().Get("status").Text(); status != "active" {
		return nil, refused(fhir.BusinessRule, "account-closed", "the account is "+status, path)
	}
	o := objectOf(r)
	known, _ := o["coverage"].([]any)
	before := len(known)
	for _, c := range coverage {
		ref := c.(object)["coverage"].(object)["reference"]
		if !slices.ContainsFunc(known, func(one any) bool {
			e, _ := one.(object)
			k, _ := e["coverage"].(object)
			return k["reference"] == ref
		}) {
			c.(object)["priority"] = len(known) + 1
			known = append(known, c)
		}
	}
	if len(known) == before {
		a.show(r, nil)
		return r, nil
	}
	o["coverage"] = known
	return a.put(o)
}

// coverage is who pays, first to last: as it is given, or what the patient has that is in force. Errors: BusinessRule for what is not the patient's.
func (a *admission) coverage() (rows []any, err error) {
	var found []*fhir.Resource
	for p := range a.req.Input.Each("coverage") {
		r, err := a.from(p, "Coverage")
		if err != nil {
			return nil, err
		}
		ref, _ := a.m.local(r.Root().Get("beneficiary").Get("reference").Text())
		if ref.Relative() != a.patient.Reference() {
			return nil, refused(fhir.BusinessRule, "other-patient", "the coverage is somebody else's", p.Value.Path())
		}
		if status := r.Root().Get("status").Text(); status != "active" {
			return nil, refused(fhir.BusinessRule, "coverage-inactive", "the coverage is "+status, p.Value.Path())
		}
		found = append(found, r)
	}
	if found == nil {
		if found, err = a.m.all(a.ctx, a.tx, "Coverage", fhir.Param{Name: "beneficiary", Value: a.patient.Reference()}, fhir.Param{Name: "status", Value: "active"}); err != nil {
			return nil, err
		}
		found = slices.DeleteFunc(found, func(r *fhir.Resource) bool { return !inForce(r.Root().Get("period"), a.start) })
		slices.SortStableFunc(found, func(x, y *fhir.Resource) int {
			if c := order(x) - order(y); c != 0 {
				return c
			}
			return strings.Compare(x.ID(), y.ID())
		})
	}
	for i, r := range found {
		rows = append(rows, object{"coverage": reference(r.Reference()), "priority": i + 1})
	}
	return rows, nil
}

// order is Coverage.order; what does not say comes last.
func order(r *fhir.Resource) int {
	if n, err := strconv.Atoi(r.Root().Get("order").Text()); err == nil {
		return n
	}
	return 1 << 30
}

// inForce reports whether a Period holds at a time.
func inForce(period fhir.Element, at time.Time) bool {
	start, has := fhir.ParseTemporal(period.Get("start").Text(), time.UTC)
	end, ends := fhir.ParseTemporal(period.Get("end").Text(), time.UTC)
	return (!has || !at.Before(start.Low)) && (!ends || at.Before(end.High))
}
