package encounter_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestWard: a bed is found in a ward, the first by name of those that fit.
func TestWard(t *testing.T) {
	h := furnished(t)
	male := `,"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/bed-characteristic","extension":[{"url":"gender","valueCode":"male"}]}]`
	alone := strings.Replace(male, `{"url":"gender","valueCode":"male"}`, `{"url":"isolation","valueBoolean":true}`, 1)
	h.put(place("bed-100", "bd", "ward-a", unoccupied+male), place("bed-1", "bd", "room-1", unoccupied+alone))
	h.put(`{"resourceType":"Flag","status":"active","id":"f","code":{"coding":[{"code":"contact-isolation"}]},"subject":{"reference":"Patient/dua"}}`)
	ward := func(patient string, more ...string) *answer {
		return h.do("POST", "/Encounter/$admit", params(append([]string{ref("patient", "Patient/"+patient), ref("ward", "Location/ward-a")}, more...)...))
	}
	ward("ana", ref("location", "Location/bed-101")).is(400)
	ward("ana").is(200, "Location/bed-101")
	ward("dua").is(200, "Location/bed-1\"")
	ward("ben").is(200, "Location/bed-102")
	ward("cem").is(200, "Location/bed-103")
	h.put(patient("eve"))
	ward("eve").is(409, "ward-full", `Location/bed-201`)
	h.do("POST", "/Encounter/$admit", params(ref("patient", "Patient/eve"), ref("ward", "Location/bed-201"))).is(422, "not-a-ward")
	h.put(strings.Replace(place("ward-b", "wa", "site", ""), "active", "inactive", 1))
	h.admit("eve", "bed-201").is(409, "bed-not-available")
	h.do("GET", "/Location/ward-a/$bed-board", "").is(200, `"url":"encounter","valueReference"`, `{"url":"status","valueCode":"O"},{"url":"count","valueUnsignedInt":4}`, `"reference":"Location/bed-1"`)
	h.do("GET", "/Location/ward-a/$bed-board?recursive=false", "").is(200).without(`"Location/bed-1"`)
	h.do("GET", "/Location/bed-1/$bed-board", "").is(422, "not-a-ward")
	h.do("GET", "/Location/nowhere/$bed-board", "").is(404)
}

// TestPreAdmission: a visit becomes the stay, and a stay that is to come reserves its bed.
func TestPreAdmission(t *testing.T) {
	h := furnished(t)
	h.put(`{"resourceType":"Practitioner","id":"doc"}`, `{"resourceType":"Organization","id":"payer"}`)
	for i, order := range []string{"2", "1"} {
		h.put(fmt.Sprintf(`{"resourceType":"Coverage","id":"cov%d","status":"active","order":%s,"beneficiary":{"reference":"Patient/ana"},"payor":[{"reference":"Organization/payer"}]}`, i, order))
	}
	h.put(`{"resourceType":"Encounter","id":"ed","status":"in-progress","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"EMER"},"subject":{"reference":"Patient/ana"},"period":{"start":"2026-05-04T07:00:00Z"}}`)
	pre := ref("pre-admission", "Encounter/ed")
	h.admit("ben", "bed-101", pre).is(422, "other-patient")
	h.admit("ana", "bed-101", pre, `{"name":"class","valueCoding":{"code":"AMB"}}`).is(400, "code-invalid")
	h.admit("ana", "bed-101", pre, `{"name":"plan","valueCanonical":"http://example.org/none"}`).is(404)
	h.bed("bed-101", "U") // nothing of it has stayed
	h.admit("ana", "bed-101", pre, ref("attending", "Practitioner/doc"), `{"name":"reason","valueCodeableConcept":{"text":"pneumonia"}}`,
		`{"name":"admit-source","valueCodeableConcept":{"coding":[{"code":"emd"}]}}`, `{"name":"expected-discharge","valueDateTime":"2026-05-08T10:00:00Z"}`).is(200,
		`"classHistory":[{"class":{"code":"EMER"`, `"coverage":[{"coverage":{"reference":"Coverage/cov1"},"priority":1},{"coverage":{"reference":"Coverage/cov0"},"priority":2}]`, `"admitSource"`, "pneumonia", "ATND")
	h.do("GET", "/Encounter?_summary=count", "").is(200, `"total":1`)
	start := h.time().Add(5 * 24 * time.Hour).Format(time.RFC3339)
	h.put(`{"resourceType":"Encounter","id":"plan","status":"planned","class":{"code":"IMP"},"subject":{"reference":"Patient/ben"},"period":{"start":"` + start + `"}}`)
	h.admit("ben", "bed-101", ref("pre-admission", "Encounter/plan")).is(200, `"status":"planned"`, `"status":"reserved"`) // ana has left by then
	h.do("POST", "/Encounter/$admit", params(ref("patient", "Patient/cem"), ref("ward", "Location/ward-a"))).is(200, "Location/bed-102")
	h.pass(5*24*time.Hour - time.Hour)
	h.admit("ben", "bed-101", ref("pre-admission", "Encounter/plan")).is(409, "bed-not-available") // she has not
	h.do("POST", "/Encounter/ed/$discharge", params(toHome)).is(200)
	h.do("POST", "/Location/bed-101/$housekeeping-done", "").is(200)
	h.admit("dua", "bed-101").is(409, "bed-not-available") // it is kept for ben
	h.do("POST", "/Encounter/$admit", params(ref("patient", "Patient/ben"), ref("pre-admission", "Encounter/plan"))).is(200, `"status":"in-progress"`, "Location/bed-101").without(`"status":"reserved"`)
	h.bed("bed-101", "O")
	h.admit("ben", "bed-103", ref("pre-admission", "Encounter/plan")).is(409, "already-admitted")
}

// TestAdmitRaces: whoever is first has the bed, and a patient has one stay.
func TestAdmitRaces(t *testing.T) {
	h := furnished(t)
	const many = 20
	for i := range many {
		h.put(patient(fmt.Sprintf("p%d", i)))
	}
	race := func(fn func(i int) *answer) (won int) {
		var all sync.WaitGroup
		answers := make([]*answer, many)
		for i := range many {
			all.Go(func() { answers[i] = fn(i) })
		}
		all.Wait()
		for _, a := range answers {
			switch a.status {
			case 200, 201:
				won++
			case 409:
			default:
				t.Errorf("%s: %d %s", a.asked, a.status, a.text)
			}
		}
		return won
	}
	if won := race(func(i int) *answer { return h.admit(fmt.Sprintf("p%d", i), "bed-101") }); won != 1 {
		t.Errorf("%d patients in one bed", won)
	}
	plain := `{"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/%s"},"location":[{"location":{"reference":"Location/%s"},"status":"active"}]}`
	if won := race(func(i int) *answer {
		if i%2 == 0 {
			return h.admit(fmt.Sprintf("p%d", i), "bed-102")
		}
		return h.do("POST", "/Encounter", fmt.Sprintf(plain, fmt.Sprintf("p%d", i), "bed-102"))
	}); won != 1 {
		t.Errorf("%d patients in one bed", won)
	}
	if won := race(func(i int) *answer {
		if i%2 == 0 {
			return h.do("POST", "/Encounter/$admit", params(ref("patient", "Patient/ana")))
		}
		return h.do("POST", "/Encounter", `{"resourceType":"Encounter","status":"arrived","class":{"code":"ACUTE"},"subject":{"reference":"Patient/ana"}}`)
	}); won != 1 {
		t.Errorf("%d stays of one patient", won)
	}
}

// TestSwap: two patients change places, and transfers alone cannot do that.
func TestSwap(t *testing.T) {
	h := furnished(t)
	a, b := h.admit("ana", "bed-101").is(200).id("Encounter"), h.admit("ben", "bed-102").is(200).id("Encounter")
	c := h.do("POST", "/Encounter/$admit", params(ref("patient", "Patient/cem"))).is(200).id("Encounter")
	h.pass(time.Minute)
	moves := [][2]string{{a, "bed-102"}, {b, "bed-101"}}
	answers := make([]*answer, len(moves))
	var all sync.WaitGroup
	for i, one := range moves {
		all.Go(func() {
			answers[i] = h.do("POST", "/Encounter/"+one[0]+"/$transfer", params(ref("location", "Location/"+one[1])))
		})
	}
	all.Wait()
	for _, one := range answers {
		one.is(409, "bed-not-available")
	}
	h.do("POST", "/Encounter/$swap-beds", params(ref("encounter", "Encounter/"+a), ref("encounter", "Encounter/"+c))).is(422, "no-active-bed")
	h.do("POST", "/Encounter/$swap-beds", params(ref("encounter", "Encounter/"+a), ref("encounter", "Encounter/"+a))).is(400)
	h.do("POST", "/Encounter/$swap-beds", params(ref("encounter", "Encounter/"+a))).is(400)
	h.do("POST", "/Encounter/$swap-beds", params(ref("encounter", "Encounter/"+a), ref("encounter", "Encounter/"+b))).is(200)
	h.bed("bed-101", "O")
	h.bed("bed-102", "O")
	h.do("GET", "/Encounter/"+a, "").is(200, `{"location":{"reference":"Location/bed-102"},"period":{"start":"2026-05-04T10:01:00Z"}`)
	h.do("GET", "/Encounter/"+b, "").is(200, `{"location":{"reference":"Location/bed-101"},"period":{"start":"2026-05-04T10:01:00Z"}`)
}

// TestAdmitAppointment: who has come for an appointment is admitted, and the appointment is kept.
func TestAdmitAppointment(t *testing.T) {
	h := furnished(t)
	h.put(`{"resourceType":"Appointment","id":"a","status":"booked","start":"2026-05-04T10:30:00Z","end":"2026-05-04T11:00:00Z","participant":[{"actor":{"reference":"Patient/ana"},"status":"needs-action"}]}`,
		`{"resourceType":"Appointment","id":"b","status":"cancelled","participant":[{"actor":{"reference":"Patient/ana"},"status":"needs-action"}]}`)
	h.admit("ana", "bed-101", ref("pre-admission", "Appointment/b")).is(422, "illegal-transition")
	h.admit("ben", "bed-101", ref("pre-admission", "Appointment/a")).is(422, "other-patient")
	e := h.admit("ana", "bed-101", ref("pre-admission", "Appointment/a")).is(200, `"appointment":[{"reference":"Appointment/a"}]`, `"status":"checked-in"`).id("Encounter")
	h.admit("ana", "bed-102", ref("pre-admission", "Appointment/a")).is(409, "already-admitted")
	h.do("POST", "/Encounter/"+e+"/$transfer", params(ref("location", "Location/bed-102"), `{"name":"reserve","valueBoolean":true}`, `{"name":"at","valueDateTime":"2026-05-05T10:00:00Z"}`)).is(200, `"status":"reserved"`)
	h.bed("bed-102", "U")
	h.admit("ben", "bed-102").is(409, "bed-not-available")
	h.pass(24 * time.Hour)
	h.do("POST", "/Encounter/"+e+"/$transfer", params(ref("location", "Location/bed-102"))).is(200).without(`"status":"reserved"`)
	h.bed("bed-102", "O")
	h.bed("bed-101", "H")
}
