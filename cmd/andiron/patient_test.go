package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/resources/number"
)

// outcomeOf is what the tests of registration look at in an answer.
type outcomeOf struct {
	ResourceType, ID, Type string
	Total                  int
	Active                 bool
	Entry                  []struct {
		Resource outcomePatient
		Search   struct {
			Mode, Score json.RawMessage
			Extension   []struct{ ValueCode string }
		}
		Response struct{ Status string }
	}
	Issue []outcomeIssue
	// Of Parameters.
	Parameter []struct {
		Name     string
		Resource outcomePatient
	}
}

type outcomePatient struct {
	ResourceType, ID, Status string
	Active                   bool
	Identifier               []struct{ System, Value, Use string }
	Subject                  json.RawMessage
	Link                     []struct {
		Type  string
		Other struct{ Reference string }
	}
	Issue []outcomeIssue
}

type outcomeIssue struct {
	Severity, Code, Diagnostics string
	Details                     struct {
		Text   string
		Coding []struct{ Code string }
	}
	Expression []string
}

// demand sends a body to a path and demands a status.
func (s *running) demand(t testing.TB, want int, path, body string) *outcomeOf {
	t.Helper()
	status, text := s.do(t, http.MethodPost, path, body)
	out := &outcomeOf{}
	if err := json.Unmarshal([]byte(text), out); err != nil || status != want {
		t.Fatalf("POST %s: %d, want %d: %v %s", path, status, want, err, text)
	}
	return out
}

func startHospital(t testing.TB) *running {
	t.Helper()
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	s.setClock(t, time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
	s.fixturePatients(t)
	return s
}

const (
	anaDescribed = `{"resourceType":"Patient","name":[{"family":"Sylva","given":["Ana"]}],"birthDate":"1985-04-12","telecom":[{"system":"phone","value":"+1-212-555-0101"}]}`
	evaNew       = `{"name":"patient","resource":{"resourceType":"Patient","name":[{"family":"Moreno","given":["Eva"]}],"gender":"female","birthDate":"1990-07-21"}}`
	dupIntoAna   = `{"name":"source-patient","valueReference":{"reference":"Patient/pat-dup"}},{"name":"target-patient","valueReference":{"reference":"Patient/pat-ana"}}`
)

func withParameters(list string) string {
	return `{"resourceType":"Parameters","parameter":[` + list + `]}`
}

// TestREG1 finds a patient by a name that was misheard.
func TestREG1(t *testing.T) {
	s := startHospital(t)
	a := s.demand(t, 200, "/Patient/$match", anaDescribed)
	if len(a.Entry) == 0 || a.Entry[0].Resource.ID != "pat-ana" {
		t.Fatalf("%+v", a)
	}
	first := a.Entry[0].Search
	var score float64
	if err := json.Unmarshal(first.Score, &score); err != nil || score < 0.65 || score > 1 || len(first.Extension) != 1 || first.Extension[0].ValueCode != "probable" && first.Extension[0].ValueCode != "certain" {
		t.Errorf("%s %+v", first.Score, first.Extension)
	}
	a = s.demand(t, 200, "/Patient/$match", withParameters(`{"name":"resource","resource":{"resourceType":"Patient","name":[{"family":"Silva","given":["Ana"]}],"birthDate":"1985"}},{"name":"onlyCertainMatches","valueBoolean":true}`))
	if len(a.Entry) != 0 {
		t.Errorf("%+v", a.Entry)
	}
	if out := s.demand(t, 422, "/Patient/$match", `{"resourceType":"Patient","gender":"male"}`); out.Issue[0].Code != "business-rule" || out.Issue[0].Details.Coding[0].Code != "insufficient-traits" {
		t.Errorf("%+v", out)
	}
}

// TestREG2 finds a patient by an identifier, whatever the name.
func TestREG2(t *testing.T) {
	s := startHospital(t)
	a := s.demand(t, 200, "/Patient/$match", `{"resourceType":"Patient","identifier":[{"system":"https://andiron.dev/fhir/sid/mrn/org-hosp","value":"200000016"}],"name":[{"family":"Xu","given":["Wei"]}]}`)
	if a.Total != 1 || len(a.Entry) != 2 || a.Entry[0].Resource.ID != "pat-ana" || a.Entry[0].Search.Extension[0].ValueCode != "certain" {
		t.Fatalf("%+v", a)
	}
	if issue := a.Entry[1].Resource.Issue[0]; string(a.Entry[1].Search.Mode) != `"outcome"` || issue.Severity != "information" || issue.Code != "informational" || issue.Details.Coding[0].Code != "trait-conflict" {
		t.Errorf("%+v", issue)
	}
}

// TestREG3 registers somebody new; those who follow registrations hear of it.
func TestREG3(t *testing.T) {
	s := startHospital(t)
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"welcome","url":"http://example.org/welcome","status":"active","kind":"Task","code":{"coding":[{"code":"welcome"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"welcome","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"patient-registered"}],"definitionCanonical":"http://example.org/welcome"}]}`)
	a := s.demand(t, 200, "/Patient/$register", withParameters(evaNew))
	if a.Type != "transaction-response" || len(a.Entry) != 2 || a.Entry[0].Response.Status != "201 Created" || !a.Entry[0].Resource.Active {
		t.Fatalf("%+v", a)
	}
	patient, account := a.Entry[0].Resource, a.Entry[1].Resource
	if ids := patient.Identifier; len(ids) != 1 || ids[0].System != "https://andiron.dev/fhir/sid/mrn/org-hosp" || !number.ValidRecord(ids[0].Value) || len(ids[0].Value) != 9 {
		t.Errorf("%+v", ids)
	}
	if account.ResourceType != "Account" || account.Status != "active" || !strings.Contains(string(account.Subject), `"Patient/`+patient.ID+`"`) {
		t.Errorf("%+v", account)
	}
	s.amount(t, 1, "Account?patient=Patient/"+patient.ID+"&type=patient&status=active")
	s.drain(t)
	s.amount(t, 1, "Task?code=welcome")
}

// TestREG4 registers somebody again.
func TestREG4(t *testing.T) {
	s := startHospital(t)
	id := s.demand(t, 200, "/Patient/$register", withParameters(evaNew)).Entry[0].Resource.ID
	before := s.total(t, "Patient")
	out := s.demand(t, 409, "/Patient/$register", withParameters(evaNew))
	if out.Issue[0].Code != "duplicate" || out.Issue[0].Details.Coding[0].Code != "possible-duplicate" || !strings.Contains(out.Issue[0].Diagnostics, `"Patient/`+id+`"`) || strings.Contains(out.Issue[0].Diagnostics, "Moreno") {
		t.Errorf("%+v", out.Issue)
	}
	again := s.demand(t, 200, "/Patient/$register", withParameters(evaNew+`,{"name":"on-duplicate","valueCode":"return"}`))
	if again.Entry[0].Resource.ID != id || again.Entry[0].Response.Status != "200 OK" {
		t.Errorf("%+v", again)
	}
	s.amount(t, before, "Patient")
}

// parallel sends n requests at once and counts the statuses.
func (s *running) parallel(t testing.TB, n int, send func(i int) int) map[int]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	statuses := make(map[int]int)
	for i := range n {
		wg.Go(func() {
			status := send(i)
			mu.Lock()
			defer mu.Unlock()
			statuses[status]++
		})
	}
	wg.Wait()
	return statuses
}

// TestREG5 has twenty receptionists register the same person.
func TestREG5(t *testing.T) {
	s := startHospital(t)
	before := s.total(t, "Patient")
	statuses := s.parallel(t, 20, func(int) int {
		status, _ := s.do(t, http.MethodPost, "/Patient/$register", withParameters(evaNew))
		return status
	})
	if statuses[200] != 1 || statuses[409] != 19 {
		t.Errorf("%v", statuses)
	}
	s.amount(t, before+1, "Patient")
	s.amount(t, 1, "Account")
}

// TestREG6 has clients create what is not there yet, all at once: under the same condition, and under conditions that mean the same.
func TestREG6(t *testing.T) {
	s := startHospital(t)
	create := func(condition, value string) (int, string) {
		req, err := http.NewRequest(http.MethodPost, s.url+"/Patient", strings.NewReader(`{"resourceType":"Patient","identifier":[{"system":"http://example.org/sys","value":"`+value+`"}]}`))
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		req.Header.Set("Content-Type", "application/fhir+json")
		req.Header.Set("If-None-Exist", condition)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		defer resp.Body.Close()
		var r outcomePatient
		if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
			t.Error(err)
		}
		return resp.StatusCode, r.ID
	}
	for _, n := range []int{2, 50} {
		value := fmt.Sprint("X", n)
		var mu sync.Mutex
		ids := make(map[string]bool)
		statuses := s.parallel(t, n, func(i int) int {
			condition := []string{"identifier=http://example.org/sys|" + value, "identifier=http://example.org/sys%7C" + value}[i%2]
			status, id := create(condition, value)
			mu.Lock()
			defer mu.Unlock()
			ids[id] = true
			return status
		})
		if statuses[201] != 1 || statuses[200] != n-1 || len(ids) != 1 {
			t.Errorf("%d: %v %v", n, statuses, ids)
		}
		s.amount(t, 1, "Patient?identifier=http://example.org/sys|"+value)
	}
	// Where the identifier is declared unique, not even a plain create makes a second one.
	s.stored(t, `{"resourceType":"NamingSystem","id":"sys","name":"Sys","status":"active","kind":"identifier","date":"2026-01-01","uniqueId":[{"type":"uri","value":"http://example.org/sys"}]}`)
	statuses := s.parallel(t, 20, func(i int) int {
		if i%2 == 0 {
			status, _ := create("identifier=http://example.org/sys|Y", "Y")
			return status
		}
		status, _ := s.do(t, http.MethodPost, "/Patient", `{"resourceType":"Patient","identifier":[{"system":"http://example.org/sys","value":"Y"}]}`)
		return status
	})
	if statuses[201] != 1 || statuses[200]+statuses[409] != 19 {
		t.Errorf("%v", statuses)
	}
	s.amount(t, 1, "Patient?identifier=http://example.org/sys|Y")
}
