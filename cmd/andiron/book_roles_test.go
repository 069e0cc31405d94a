package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// booker is somebody with a token.
type booker struct {
	clinic
	token string
}

func (b *booker) ask(want int, method, path, body string) reply {
	b.t.Helper()
	r := b.send(method, path, body, "Authorization: Bearer "+b.token)
	if r.status != want {
		b.t.Fatalf("%s %s: %d, want %d\n%s", method, path, r.status, want, r.text)
	}
	return r
}

// find is the offers of a service within the next ten days.
func (b *booker) find(service string) []string {
	b.t.Helper()
	from := time.Now().Add(24 * time.Hour).UTC()
	r := b.ask(http.StatusOK, "POST", "/Appointment/$find", withParams(textParam("start", "DateTime", from.Format(time.RFC3339)), textParam("end", "DateTime", from.Add(10*24*time.Hour).Format(time.RFC3339)),
		refParam("service-type-reference", "HealthcareService/"+service)))
	var ids []string
	entries, _ := r.body["entry"].([]any)
	for i := range entries {
		if r.at(fmt.Sprintf("entry.%d.search.mode", i)) == "match" {
			ids = append(ids, fmt.Sprint(r.at(fmt.Sprintf("entry.%d.resource.id", i))))
		}
	}
	return ids
}

func offered(id string, more ...string) string {
	return withParams(append([]string{refParam("appointment-reference", "Appointment/"+id)}, more...)...)
}

// TestPatientsBook: what patients may do themselves, and what of it others see.
func TestPatientsBook(t *testing.T) {
	dir := t.TempDir()
	store := "sqlite:" + filepath.Join(dir, "store")
	s := startServer(t, "demo", "--store", store, "--auth", "smart")
	token := func(args ...string) *booker {
		return &booker{clinic{s, t}, administer(t, append([]string{"token", "issue", "--store", store, "--scope"}, args...)...)["access_token"].(string)}
	}
	ana, ben, admin, joy, lee := token("patient/*.cruds", "--patient", "pat-ana"), token("patient/*.cruds", "--patient", "pat-ben"), token("user/*.cruds", "--user", "admin"), token("user/*.cruds", "--user", "joy"), token("user/*.cruds", "--user", "lee")

	offers := ana.find("hs-office")
	if len(offers) < 3 {
		t.Fatalf("%d offers", len(offers))
	}
	ben.ask(404, "POST", "/Appointment/$book", offered(offers[0])) // it is ana's
	ana.ask(403, "POST", "/Appointment/$book", offered(offers[0], override("capacity")))
	ana.ask(403, "POST", "/Appointment/$hold", offered(offers[0], `{"name":"hold-duration","valueDuration":{"value":30,"code":"min"}}`))
	held := ana.ask(200, "POST", "/Appointment/$hold", offered(offers[0]))
	hold := fmt.Sprint(held.at("entry.0.resource.id"))
	ben.ask(404, "POST", "/Appointment/$book", offered(hold))
	bens := ben.find("hs-office")
	lost := ben.ask(409, "POST", "/Appointment", strings.NewReplacer("%s", fmt.Sprint(held.at("entry.0.resource.start")), "%e", fmt.Sprint(held.at("entry.0.resource.end"))).Replace(
		`{"resourceType":"Appointment","status":"booked","serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"office"}]}],"start":"%s","end":"%e","participant":[{"actor":{"reference":"Practitioner/dr-lee"},"status":"accepted"},{"actor":{"reference":"Patient/pat-ben"},"status":"accepted"}]}`))
	if strings.Contains(lost.text, hold) || strings.Contains(lost.text, "blocking") {
		t.Errorf("ben hears of ana: %s", lost.text)
	}
	booked := ana.ask(200, "POST", "/Appointment/$book", offered(hold))
	if booked.at("entry.0.resource.status") != "booked" || !strings.Contains(booked.text, `"Patient/pat-ana"`) {
		t.Errorf("%s", booked.text)
	}
	ana.ask(404, "POST", "/Appointment/$book", offered(offers[1], refParam("patient-reference", "Patient/pat-ben")))
	ben.ask(200, "POST", "/Appointment/$book", offered(bens[1]))
	ana.ask(200, "POST", "/Appointment/"+hold+"/$cancel", withParams(cancelForPatient))

	// what patients ask for, staff confirms
	asked := ana.ask(200, "POST", "/Appointment/$book", offered(ana.find("hs-kim")[0]))
	request := fmt.Sprint(asked.at("entry.0.resource.id"))
	if asked.at("entry.0.resource.status") != "pending" {
		t.Errorf("%s", asked.text)
	}
	if found := admin.ask(200, "GET", "/Task?code=confirm-appointment&focus=Appointment/"+request, ""); found.at("total") != 1.0 {
		t.Errorf("%s", found.text)
	}
	ana.ask(403, "POST", "/Appointment/"+request+"/$confirm", "")
	admin.ask(200, "POST", "/Appointment/"+request+"/$confirm", "")

	// a time that they hold too
	kims := ana.find("hs-kim")
	heldToAsk := fmt.Sprint(ana.ask(200, "POST", "/Appointment/$hold", offered(kims[len(kims)-1])).at("entry.0.resource.id"))
	if r := ana.ask(200, "POST", "/Appointment/$book", offered(heldToAsk)); r.at("entry.0.resource.status") != "pending" {
		t.Errorf("%s", r.text)
	}
	ana.ask(403, "POST", "/Appointment/$book", offered(heldToAsk))
	admin.ask(200, "POST", "/Appointment/"+heldToAsk+"/$confirm", "")
	if found := admin.ask(200, "GET", "/Task?code=confirm-appointment&patient=pat-ana", ""); found.at("total") != 2.0 {
		t.Errorf("%s", found.text)
	}

	// what patients may not book
	if offers := ana.find("hs-surgery"); len(offers) > 0 {
		t.Errorf("patients are offered operations: %v", offers)
	}
	surgery := admin.ask(200, "GET", "/Appointment/"+admin.find("hs-surgery")[0], "")
	proposal, _ := json.Marshal(surgery.body)
	own := strings.Replace(string(proposal), `"participant":[`, `"participant":[{"actor":{"reference":"Patient/pat-ana"},"status":"accepted"},`, 1)
	ana.ask(403, "POST", "/Appointment/$book", withParams(resourceParam("appointment-resource", strings.Replace(own, fmt.Sprint(surgery.body["id"]), "x", 1))))

	// where a visit by video takes place is for those who take part
	video := ana.ask(200, "POST", "/Appointment/$book", offered(ana.find("hs-virtual")[0]))
	id := fmt.Sprint(video.at("entry.0.resource.id"))
	const place = "/visit/"
	for _, who := range []struct {
		*booker
		sees bool
	}{{ana, true}, {joy, true}, {lee, false}, {admin, false}} {
		for _, path := range []string{"/Appointment/" + id, "/Appointment?_id=" + id, "/Appointment/" + id + "/_history"} {
			if text := who.ask(200, "GET", path, "").text; strings.Contains(text, place) != who.sees {
				t.Errorf("sees the place: want %v\n%s", who.sees, text)
			}
		}
	}
	for _, iti := range []string{"ITI-116", "ITI-117"} {
		if found := admin.ask(200, "GET", "/AuditEvent?patient=pat-ana&outcome=0&subtype=urn:ihe:event-type-code|"+iti, ""); found.at("entry.0.resource.outcome") != "0" {
			t.Errorf("no audit of %s: %s", iti, found.text)
		}
	}
	if !strings.Contains(video.text, place) {
		t.Errorf("%s", video.text)
	}
}
