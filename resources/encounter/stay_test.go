package encounter_test

import (
	"strings"
	"testing"
	"time"
)

// TestStay goes through a stay from beginning to end.
func TestStay(t *testing.T) {
	h := furnished(t)
	a := h.admit("ana", "bed-101").is(200, `"status":"in-progress"`, `"code":"IMP"`, `"resourceType":"Account"`, `"resourceType":"RequestGroup"`, `"resourceType":"CarePlan"`, `"step-required"`[1:13])
	if n := strings.Count(a.text, `"resourceType":"Task"`); n != 7 {
		t.Errorf("%d Tasks", n)
	}
	e := "/Encounter/" + a.id("Encounter")
	h.bed("bed-101", "O")
	h.admit("ana", "bed-102").is(409, "already-admitted")
	h.admit("ben", "bed-101").is(409, "bed-not-available")
	h.admit("ben", "room-1").is(422, "not-a-bed")
	h.admit("nobody", "bed-102").is(404)
	h.do("POST", "/Encounter", `{"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/ben"},"location":[{"location":{"reference":"Location/bed-101"},"status":"active"}]}`).is(409, "bed-not-available")
	h.pass(time.Hour)
	h.do("POST", e+"/$transfer", params(ref("location", "Location/bed-101"))).is(400, "same-location")
	h.do("POST", e+"/$transfer", params(ref("location", "Location/bed-102"), `{"name":"at","valueDateTime":"2026-05-04T09:00:00Z"}`)).is(409, "period-overlap")
	h.do("POST", e+"/$transfer", params(ref("location", "Location/bed-102"), `{"name":"at","valueDateTime":"2026-05-04T12:00:00Z"}`)).is(409, "period-overlap")
	h.do("POST", e+"/$transfer", params(ref("location", "Location/bed-102"))).is(200, `"period":{"end":"2026-05-04T11:00:00Z","start":"2026-05-04T10:00:00Z"}`, `"code":"housekeeping"`)
	h.bed("bed-101", "H")
	h.bed("bed-102", "O")
	h.do("POST", e+"/$leave", params(`{"name":"reason","valueString":"weekend"}`)).is(200, `"status":"onleave"`)
	h.do("POST", e+"/$transfer", params(ref("location", "Location/bed-103"))).is(422, "illegal-transition")
	h.do("POST", e+"/$leave", "").is(200, `"status":"onleave"`)
	h.bed("bed-102", "O")
	h.pass(time.Hour)
	h.do("POST", e+"/$return", "").is(200, `"status":"in-progress"`)
	h.do("POST", e+"/$return", "").is(200, `"status":"in-progress"`)
	h.do("POST", e+"/$cancel", params(`{"name":"reason","valueCodeableConcept":{"text":"mistake"}}`)).is(422, "illegal-transition")
	h.do("GET", e+"/$discharge-readiness", "").is(200, `{"name":"ready","valueBoolean":true}`, "summary-missing")
	h.pass(time.Hour)
	h.do("POST", e+"/$discharge", params(toHome)).is(200, `"status":"finished"`, `"unit":"min","value":180}`, `"resourceType":"Composition"`)
	h.bed("bed-102", "H")
	h.do("GET", e, "").is(200, `"statusHistory":[{"period":{"end":"2026-05-04T11:00:00Z","start":"2026-05-04T10:00:00Z"},"status":"in-progress"},{"period":{"end":"2026-05-04T12:00:00Z","start":"2026-05-04T11:00:00Z"},"status":"onleave"}`, `"period":{"end":"2026-05-04T13:00:00Z","start":"2026-05-04T10:00:00Z"}`)
	h.do("POST", e+"/$discharge", params(toHome)).is(200, `"status":"finished"`)
	h.do("POST", e+"/$discharge", params(strings.Replace(toHome, "home", "aadvice", 1))).is(422, "illegal-transition")
	h.admit("ben", "bed-102").is(409, "bed-not-available")
	h.do("POST", "/Location/bed-103/$housekeeping-done", "").is(422, "not-in-housekeeping")
	h.do("POST", "/Location/bed-102/$housekeeping-done", params(`{"name":"comment","valueString":"new mattress"}`)).is(200, `"code":"U"`)
	h.do("GET", "/Task?code=housekeeping&focus=Location/bed-102", "").is(200, `"status":"completed"`, "new mattress")
	h.do("POST", e+"/$reopen", params(`{"name":"reason","valueString":"came back"}`, ref("location", "Location/bed-102"))).is(200, `"status":"in-progress"`).without(`"length"`, `"dischargeDisposition"`)
	h.bed("bed-102", "O")
	h.do("POST", e+"/$discharge", params(toHome)).is(200)
	h.pass(73 * time.Hour)
	h.do("POST", e+"/$reopen", params(`{"name":"reason","valueString":"came back"}`)).is(422, "reopen-window")
}

// TestPlainWrites: what operations refuse is refused of plain writes.
func TestPlainWrites(t *testing.T) {
	h := furnished(t)
	encounter := func(id, status, patient, locations string) string {
		if locations != "" {
			locations = `,"location":[` + locations + `]`
		}
		return `{"resourceType":"Encounter","id":"` + id + `","status":"` + status + `","class":{"code":"IMP"},"subject":{"reference":"Patient/` + patient + `"}` + locations + `}`
	}
	in := func(bed, status string) string {
		return `{"location":{"reference":"Location/` + bed + `"},"status":"` + status + `"}`
	}
	h.put(encounter("e1", "in-progress", "ana", in("bed-101", "active")))
	h.bed("bed-101", "O")
	h.do("GET", "/Encounter/e1", "").is(200, `"period":{"start":"2026-05-04T10:00:00Z"}`)
	h.do("PUT", "/Encounter/e2", encounter("e2", "in-progress", "ben", in("bed-101", "active"))).is(409, "bed-not-available")
	h.do("PUT", "/Encounter/e2", encounter("e2", "in-progress", "ben", `{"location":{"reference":"Location/bed-101"}}`)).is(409, "bed-not-available")
	h.do("PUT", "/Encounter/e2", encounter("e2", "planned", "ben", in("bed-101", "reserved"))).is(409, "bed-not-available")
	h.do("PUT", "/Encounter/e2", encounter("e2", "planned", "ben", in("bed-102", "active"))).is(422, "bed-reserved-only")
	h.do("PUT", "/Encounter/e2", encounter("e2", "in-progress", "ana", in("bed-102", "active"))).is(409, "already-admitted")
	h.do("PUT", "/Encounter/e2", encounter("e2", "in-progress", "ben", in("bed-102", "active")+","+in("bed-103", "active"))).is(422, "several-locations")
	h.do("PUT", "/Location/bed-101", place("bed-101", "bd", "ward-a", unoccupied)).is(409, "bed-occupied")
	h.do("DELETE", "/Location/bed-101", "").is(409, "bed-occupied")
	h.do("PUT", "/Encounter/e1", encounter("e1", "arrived", "ana", in("bed-101", "active"))).is(422, "illegal-transition")
	h.do("PUT", "/Encounter/e1", encounter("e1", "cancelled", "ana", in("bed-101", "active"))).is(422, "illegal-transition")
	h.pass(time.Hour)
	h.put(encounter("e1", "in-progress", "ana", in("bed-102", "active"))) // another bed, and nothing said of the first
	h.bed("bed-101", "H")
	h.bed("bed-102", "O")
	h.do("GET", "/Encounter/e1", "").is(200, `"status":"completed"`, `"end":"2026-05-04T11:00:00Z"`)
	h.put(place("bed-101", "bd", "ward-a", unoccupied)) // cleaned
	h.do("GET", "/Task?code=housekeeping", "").is(200, `"status":"completed"`)
	h.put(encounter("e2", "planned", "ben", in("bed-103", "reserved")))
	h.bed("bed-103", "U")
	h.admit("cem", "bed-103").is(409, "bed-not-available")
	h.do("POST", "/Encounter/e2/$cancel", params(`{"name":"reason","valueCodeableConcept":{"text":"no need"}}`)).is(200, `"status":"cancelled"`).without("bed-103")
	h.do("POST", "/Encounter/e2/$cancel", params(`{"name":"reason","valueCodeableConcept":{"text":"no need"}}`)).is(200)
	h.admit("cem", "bed-103").is(200)
	h.put(`{"resourceType":"ChargeItem","id":"c1","status":"billable","code":{"text":"x"},"subject":{"reference":"Patient/ana"},"context":{"reference":"Encounter/e1"}}`)
	h.do("PUT", "/Encounter/e1", encounter("e1", "finished", "ana", in("bed-102", "active"))).is(422, "discharge-blocked", "charge-unbilled", "ChargeItem/c1")
	h.do("POST", "/", `{"resourceType":"Bundle","type":"transaction","entry":[
		{"resource":`+strings.Replace(`{"resourceType":"ChargeItem","id":"c1","status":"billed","code":{"text":"x"},"subject":{"reference":"Patient/ana"},"context":{"reference":"Encounter/e1"}}`, "\n", "", -1)+`,"request":{"method":"PUT","url":"ChargeItem/c1"}},
		{"resource":`+encounter("e1", "finished", "ana", in("bed-102", "active"))+`,"request":{"method":"PUT","url":"Encounter/e1"}}]}`).is(200)
	h.bed("bed-102", "H")
	h.do("GET", "/Encounter/e1", "").is(200, `"length"`).without(`"status":"active"`)
	h.do("PUT", "/Encounter/e1", encounter("e1", "in-progress", "ana", "")).is(422, "illegal-transition")
	h.put(encounter("e9", "finished", "ana", in("bed-103", "active"))) // history: nobody lies there
	h.do("GET", "/Encounter/e9", "").is(200, `"status":"active"`)
	history := `{"resourceType":"Encounter","id":"e8","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/ana"},"location":[{"location":{"reference":"Location/bed-103"}}],"period":{"start":"2020-01-01","end":"2020-01-03"}}`
	h.put(history, history) // it comes twice, and is the same
	h.do("GET", "/Encounter/e8/_history", "").is(200, `"total":1`)
	h.do("DELETE", "/Encounter?location=bed-103&status=in-progress", "").is(204)
	h.bed("bed-103", "H") // whoever lay there never did
}
