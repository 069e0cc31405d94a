package scheduling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/resources/scheduling"
	"andiron.dev/search"
	"andiron.dev/search/ucum"

	"andiron.dev/fhir"
	"log/slog"
)

// modelled is a server beside a simple model of what it should have.
type modelled struct {
	t      *testing.T
	server *server.Server
	now    time.Time
	seed   *rand.Rand
	visits []*modelVisit
}

// modelVisit is an appointment as the model has it.
type modelVisit struct {
	id, patient string
	service     int
	start       time.Time
	status      string
	expires     time.Time
	lapsed      bool // cancelled because the hold has expired
}

// modelService is a service with one Schedule, open 09:00 to 17:00 UTC, whose bookings begin every length.
type modelService struct {
	name   string
	length time.Duration
	room   int
}

func modelServices() []modelService {
	return []modelService{{"one", 30 * time.Minute, 1}, {"two", 60 * time.Minute, 1}, {"three", 60 * time.Minute, 3}}
}

const modelPatients = 6

func openModel(t *testing.T, seed int64) *modelled {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	m := &modelled{t: t, now: time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC), seed: rand.New(rand.NewSource(seed))}
	params := search.NewParams(spec, units)
	now := func() time.Time { return m.now }
	store, err := sqlite.Open(sqlite.Options{Dir: t.TempDir(), Params: params, Now: now, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	enforcer := rules.New(store, nil)
	serve := fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		return m.server.Registry().Serve(ctx, req)
	})
	module := scheduling.New(scheduling.Config{Store: enforcer.Store(), Spec: spec, Params: params, Serve: serve, Now: now, NewID: server.NewUUID, Log: slog.New(slog.DiscardHandler)})
	m.server, err = server.New(server.Config{Store: store, Rules: enforcer, Spec: spec, Params: params, Now: now, Modules: []fhir.Module{module}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range modelServices() {
		parameters := fmt.Sprintf(`"extension":[{"url":"https://andiron.dev/fhir/StructureDefinition/scheduling-parameters","extension":[{"url":"timezone","valueCode":"UTC"},{"url":"duration","valueDuration":{"value":%d,"code":"min"}},
			{"url":"alignmentInterval","valueDuration":{"value":%d,"code":"min"}},{"url":"slotCapacity","valuePositiveInt":%d},{"url":"availability","extension":[{"url":"availableTime","extension":[{"url":"availableStartTime","valueTime":"09:00:00"},{"url":"availableEndTime","valueTime":"17:00:00"}]}]}]}]`,
			s.length/time.Minute, s.length/time.Minute, s.room)
		visit := `[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"` + s.name + `"}]}]`
		m.put(`{"resourceType":"Practitioner","id":"` + s.name + `"}`)
		m.put(`{"resourceType":"HealthcareService","id":"` + s.name + `",` + parameters + `,"type":` + visit + `}`)
		m.put(`{"resourceType":"Schedule","id":"` + s.name + `","serviceType":` + visit + `,"actor":[{"reference":"Practitioner/` + s.name + `"}]}`)
	}
	for i := range modelPatients {
		m.put(fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, i))
	}
	return m
}

func (m *modelled) put(text string) {
	m.t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		m.t.Fatal(err)
	}
	if status, body := m.do("PUT", "/"+r.ResourceType+"/"+r.ID, text); status > 201 {
		m.t.Fatalf("%d %v", status, body)
	}
}

func (m *modelled) do(method, path, body string) (int, map[string]any) {
	r := httptest.NewRequest(method, "http://localhost/fhir"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/fhir+json")
	w := httptest.NewRecorder()
	m.server.ServeHTTP(w, r)
	var v map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &v)
	return w.Code, v
}

func (v *modelVisit) takes(now time.Time) bool {
	return v.status == "booked" || v.status == "pending" && now.Before(v.expires)
}

func (v *modelVisit) end() time.Time { return v.start.Add(modelServices()[v.service].length) }

// can says whether the model has room for a visit at a time, those left out aside.
func (m *modelled) can(service int, patient string, start time.Time, without ...*modelVisit) bool {
	s := modelServices()[service]
	end, taken := start.Add(s.length), 0
	for _, v := range m.visits {
		skip := !v.takes(m.now)
		for _, w := range without {
			skip = skip || v == w
		}
		if skip || !v.start.Before(end) || !start.Before(v.end()) {
			continue
		}
		if v.service == service {
			taken++
		}
		if v.patient == patient {
			return false
		}
	}
	return taken < s.room
}

// time is one that a service may begin at: sometimes one that is off the grid.
func (m *modelled) time(service int) (start time.Time, aligned bool) {
	s := modelServices()[service]
	start = time.Date(2026, 3, 16+m.seed.Intn(2), 9, 0, 0, 0, time.UTC).Add(time.Duration(m.seed.Intn(int(8*time.Hour/s.length))) * s.length)
	if m.seed.Intn(20) == 0 {
		return start.Add(7 * time.Minute), false
	}
	return start, true
}

func (m *modelled) resource(status string, service int, patient string, start time.Time) string {
	s := modelServices()[service]
	return fmt.Sprintf(`{"resourceType":"Appointment","status":"%s","serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"%s"}]}],"start":"%s","end":"%s","participant":[{"actor":{"reference":"Practitioner/%s"},"status":"accepted"},{"actor":{"reference":"Patient/%s"},"status":"accepted"}]}`,
		status, s.name, start.Format(time.RFC3339), start.Add(s.length).Format(time.RFC3339), s.name, patient)
}

func operationInput(resource string) string {
	return `{"resourceType":"Parameters","parameter":[{"name":"appointment-resource","resource":` + resource + `}]}`
}

// made is the id of what an answer is about.
func made(body map[string]any) string {
	if entries, is := body["entry"].([]any); is && len(entries) > 0 {
		body, _ = entries[0].(map[string]any)["resource"].(map[string]any)
	}
	id, _ := body["id"].(string)
	return id
}

// step does something at random, and reports what, what came of it, and what the model expected.
func (m *modelled) step() (what string, got, want int, body map[string]any) {
	service, patient := m.seed.Intn(3), fmt.Sprintf("p%d", m.seed.Intn(modelPatients))
	start, aligned := m.time(service)
	fits := func(ok bool, won int) int {
		switch {
		case !aligned:
			return 422
		case !ok:
			return 409
		}
		return won
	}
	switch choice := m.seed.Intn(20); {
	case choice < 3: // $book
		// The patient is looked at first, so that a time off the grid may be refused for two reasons.
		want = fits(m.can(service, patient, start), 200)
		got, body = m.do("POST", "/Appointment/$book", operationInput(m.resource("proposed", service, patient, start)))
		what = "$book"
		if got == 200 {
			m.visits = append(m.visits, &modelVisit{id: made(body), patient: patient, service: service, start: start, status: "booked"})
		}
	case choice < 6: // POST
		want = fits(m.can(service, patient, start), 201)
		got, body = m.do("POST", "/Appointment", m.resource("booked", service, patient, start))
		what = "POST"
		if got == 201 {
			m.visits = append(m.visits, &modelVisit{id: made(body), patient: patient, service: service, start: start, status: "booked"})
		}
	case choice < 10: // $hold
		var earlier []*modelVisit
		others := 0
		for _, v := range m.visits {
			if v.status == "pending" && v.takes(m.now) && v.patient == patient {
				if v.service == service {
					earlier = append(earlier, v)
				} else {
					others++
				}
			}
		}
		if want = fits(m.can(service, patient, start, earlier...), 200); others >= 2 {
			want = 422
		}
		got, body = m.do("POST", "/Appointment/$hold", operationInput(m.resource("proposed", service, patient, start)))
		what = "$hold"
		if got == 200 {
			for _, v := range earlier {
				v.status = "cancelled"
			}
			m.visits = append(m.visits, &modelVisit{id: made(body), patient: patient, service: service, start: start, status: "pending", expires: m.now.Add(10 * time.Minute)})
		}
	case choice < 18 && len(m.visits) > 0:
		v := m.visits[len(m.visits)-1-m.seed.Intn(min(len(m.visits), 40))]
		lapsed := v.status == "pending" && !v.takes(m.now) || v.lapsed
		switch {
		case choice < 12:
			what, want = "$confirm", 200
			if lapsed {
				want = 409
			} else if v.status != "pending" {
				want = 422
			}
			if got, body = m.do("POST", "/Appointment/"+v.id+"/$confirm", ""); got == 200 {
				v.status = "booked"
			}
		case choice < 15:
			what, want = "$cancel", 200
			got, body = m.do("POST", "/Appointment/"+v.id+"/$cancel", `{"resourceType":"Parameters","parameter":[{"name":"reason","valueCodeableConcept":{"text":"x"}}]}`)
			if got == 200 && v.status != "cancelled" {
				v.status = "cancelled"
			}
		default:
			what = "$reschedule"
			if start, aligned = m.time(v.service); v.start.Equal(start) {
				aligned = true
			}
			if want = fits(m.can(v.service, v.patient, start, v), 200); lapsed {
				want = 409
			} else if v.status == "cancelled" {
				want = 422
			}
			if got, body = m.do("POST", "/Appointment/"+v.id+"/$reschedule", `{"resourceType":"Parameters","parameter":[{"name":"start","valueDateTime":"`+start.Format(time.RFC3339)+`"}]}`); got == 200 {
				v.start = start
			}
		}
	case choice == 18:
		m.now = m.now.Add(time.Duration(m.seed.Intn(240)) * time.Second)
		return "time", 0, 0, nil
	default:
		if err := m.server.Drain(context.Background()); err != nil {
			m.t.Fatal(err)
		}
		for _, v := range m.visits {
			if v.status == "pending" && !v.takes(m.now) {
				v.status, v.lapsed = "cancelled", true
			}
		}
		return "sweep", 0, 0, nil
	}
	return what, got, want, body
}

// compare holds what is stored against the model.
func (m *modelled) compare() {
	m.t.Helper()
	slots := make(map[string]int)
	for _, service := range modelServices() {
		for path := "/Slot?_count=1000&schedule=Schedule/" + service.name; path != ""; path = "" {
			_, body := m.do("GET", path, "")
			entries, _ := body["entry"].([]any)
			for _, e := range entries {
				s := e.(map[string]any)["resource"].(map[string]any)
				x := s["extension"].([]any)[0].(map[string]any)["valueReference"].(map[string]any)["reference"]
				slots[fmt.Sprint(x, s["start"], s["end"], s["status"])]++
			}
		}
	}
	want := 0
	for _, v := range m.visits {
		if v.status == "cancelled" {
			continue
		}
		want++
		status := "busy"
		if v.status == "pending" {
			status = "busy-tentative"
		}
		if key := fmt.Sprint("Appointment/"+v.id, v.start.Format(time.RFC3339), v.end().Format(time.RFC3339), status); slots[key] != 1 {
			m.t.Fatalf("%d Slots for %s", slots[key], key)
		}
	}
	if len(slots) != want {
		m.t.Fatalf("%d Slots, want %d", len(slots), want)
	}
	for status, n := range map[string]int{"booked": 0, "pending": 0, "cancelled": 0} {
		for _, v := range m.visits {
			if v.status == status {
				n++
			}
		}
		_, body := m.do("GET", "/Appointment?_summary=count&status="+status, "")
		if fmt.Sprint(body["total"]) != fmt.Sprint(n) {
			m.t.Fatalf("%v are %s, want %d", body["total"], status, n)
		}
	}
}

// TestModel does things at random, and demands that the server does what the model expects.
func TestModel(t *testing.T) {
	steps := 10_000
	if testing.Short() {
		steps = 1_000
	}
	m := openModel(t, 20260302)
	won, lost := 0, 0
	for n := range steps {
		what, got, want, body := m.step()
		if got != want && !(want == 422 && got == 409 && what != "$confirm") { // a time off the grid that the patient does not have either
			t.Fatalf("step %d, %s: %d, want %d: %v", n, what, got, want, body)
		}
		switch {
		case got >= 400:
			lost++
		case got > 0:
			won++
		}
		if n%500 == 499 {
			m.compare()
		}
	}
	m.compare()
	if won < steps/10 || lost < steps/10 {
		t.Errorf("%d steps went well and %d did not: that is no test", won, lost)
	}
	t.Logf("%d steps went well, %d were refused", won, lost)
}
