package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// parameterOf is a parameter of an OperationDefinition.
type parameterOf struct {
	Name, Use, Type, Max string
	Min                  int
	Part                 []parameterOf
}

// brokenWorld is what references of broken requests lead to: things that were deleted, somebody who has died, somebody who was merged twice, and somebody merged into nobody.
const brokenWorld = `{"resourceType":"Bundle","type":"transaction","entry":[
{"resource":{"resourceType":"Patient","id":"c1","active":false,"link":[{"other":{"reference":"Patient/c2"},"type":"replaced-by"}]},"request":{"method":"PUT","url":"Patient/c1"}},
{"resource":{"resourceType":"Patient","id":"c2","active":false,"link":[{"other":{"reference":"Patient/ana"},"type":"replaced-by"}]},"request":{"method":"PUT","url":"Patient/c2"}},
{"resource":{"resourceType":"Patient","id":"lost","active":false,"link":[{"other":{"reference":"Patient/nobody"},"type":"replaced-by"}]},"request":{"method":"PUT","url":"Patient/lost"}},
{"resource":{"resourceType":"Patient","id":"gone"},"request":{"method":"PUT","url":"Patient/gone"}},
{"resource":{"resourceType":"Location","id":"gone"},"request":{"method":"PUT","url":"Location/gone"}},
{"resource":{"resourceType":"HealthcareService","id":"gone"},"request":{"method":"PUT","url":"HealthcareService/gone"}},
{"resource":{"resourceType":"Practitioner","id":"gone"},"request":{"method":"PUT","url":"Practitioner/gone"}},
{"resource":{"resourceType":"Task","id":"gone","status":"requested","intent":"order"},"request":{"method":"PUT","url":"Task/gone"}},
{"resource":{"resourceType":"Task","id":"here","status":"draft","intent":"order","owner":{"display":"somebody"},"input":[{"type":{"coding":[{"code":"after"}]},"valueReference":{"reference":"Task/gone"}},
 {"type":{"coding":[{"code":"after"}]},"valueString":"Task/1"},{"type":{"coding":[{"code":"after"}]},"valueReference":{"display":"nothing"}},{"type":{"coding":[{"code":"after"}]},"valueReference":{"reference":"Task/here"}}],
 "basedOn":[{"reference":"RequestGroup/none"},{"display":"x"}]},"request":{"method":"PUT","url":"Task/here"}},
{"resource":{"resourceType":"Appointment","id":"gone","status":"proposed","participant":[{"status":"accepted"}]},"request":{"method":"PUT","url":"Appointment/gone"}},
{"resource":{"resourceType":"Appointment","id":"here","status":"arrived","start":"2027-03-01T14:00:00Z","end":"2027-03-01T14:30:00Z","serviceType":[{"text":"x"},{"coding":[{"display":"x"}]}],
 "participant":[{"actor":{"display":"x"},"status":"accepted"},{"actor":{"reference":"Patient/c1"},"status":"accepted"},{"actor":{"reference":"Location/none"},"status":"accepted"},{"actor":{"reference":"urn:uuid:6f1ed7d5-6a4c-4a5e-9a3b-000000000001"},"status":"accepted"}]},"request":{"method":"PUT","url":"Appointment/here"}},
{"resource":{"resourceType":"Encounter","id":"gone","status":"planned","class":{"code":"AMB"}},"request":{"method":"PUT","url":"Encounter/gone"}},
{"resource":{"resourceType":"Encounter","id":"here","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/lost"},"appointment":[{"display":"x"},{"reference":"Appointment/none"}],"account":[{"reference":"Account/none"}],
 "location":[{"location":{"reference":"Location/none"}},{"location":{"display":"x"},"status":"completed"}],"participant":[{"individual":{"display":"x"}}]},"request":{"method":"PUT","url":"Encounter/here"}},
{"resource":{"resourceType":"Location","id":"here","partOf":{"reference":"Location/here"},"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/timezone","valueCode":"Mars/Base"}]},"request":{"method":"PUT","url":"Location/here"}}]}`

// TestBrokenVisits sends every operation of the path of a visit what it should not get: each answer is one of a client's errors, or success; never a failure
// of the server.
func TestBrokenVisits(t *testing.T) {
	s, _ := clinicOpen(t)
	s.asked(t, 200, "POST", "", brokenWorld)
	for _, typ := range []string{"Patient", "Location", "HealthcareService", "Practitioner", "Task", "Appointment", "Encounter"} {
		s.asked(t, 204, "DELETE", "/"+typ+"/gone", "")
	}
	var files []string
	for _, pattern := range []string{"encounter", "task"} {
		found, err := filepath.Glob("../../resources/" + pattern + "/definitions/*.json")
		if err != nil || len(found) == 0 {
			t.Fatal(found, err)
		}
		files = append(files, found...)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Code                   string
			System, Type, Instance bool
			AffectsState           bool
			Resource               []string
			Parameter              []parameterOf
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(file, err)
		}
		if d.AffectsState { // a rehearsal
			d.Parameter = append(d.Parameter, parameterOf{Name: "dry-run", Use: "in", Type: "boolean", Min: 1, Max: "1"})
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			for _, typ := range d.Resource {
				s.level(t, 404, d.System, "/$"+d.Code)
				s.level(t, 404, d.Type, "/"+typ+"/$"+d.Code)
				s.level(t, 404, d.Instance, "/"+typ+"/here/$"+d.Code)
				s.level(t, 404, false, "/Basic/here/$"+d.Code)
				on := "/" + typ + "/$" + d.Code
				if d.Instance {
					on = "/" + typ + "/here/$" + d.Code
					s.tried(t, []int{404}, "/"+typ+"/nothing/$"+d.Code, bodyOf(d.Parameter, nil))
					s.tried(t, []int{404, 410}, "/"+typ+"/gone/$"+d.Code, bodyOf(d.Parameter, nil))
				}
				for _, body := range []string{`{"resourceType":"Patient"}`, `{"resourceType":"Parameters","parameter":{}}`, `[]`, `{`, `{"resourceType":"Parameters","parameter":[{"valueString":"x"}]}`} {
					s.tried(t, []int{400}, on, body)
				}
				for i := range d.Parameter {
					s.wrong(t, on, d.Parameter, &d.Parameter[i])
				}
			}
		})
	}
}

// level demands that an operation is only at the levels where it says that it is.
func (s *running) level(t *testing.T, want int, at bool, path string) {
	t.Helper()
	if at {
		return
	}
	if status, body := s.do(t, "POST", path, `{"resourceType":"Parameters"}`); status != want && status != 400 { // another operation of this code may be there
		t.Errorf("POST %s: %d %s", path, status, body)
	}
}

// tried sends a request that must fail as one of those, or with no want may do what it likes short of failing itself.
func (s *running) tried(t *testing.T, want []int, path, body string) {
	t.Helper()
	status, answer := s.do(t, "POST", path, body)
	for _, w := range want {
		if status == w {
			return
		}
	}
	if want != nil || status >= 500 {
		t.Errorf("POST %s: %d, want %v\n%s\n%s", path, status, want, body, answer)
	}
	if status >= 400 && !strings.Contains(answer, `"details"`) {
		t.Errorf("POST %s: %d without an outcome: %s", path, status, answer)
	}
}

// wrong sends a parameter in all the ways that it may be wrong, the others as they should be.
func (s *running) wrong(t *testing.T, on string, all []parameterOf, p *parameterOf) {
	t.Helper()
	if p.Use == "out" {
		return
	}
	for _, value := range []string{`"valueBase64Binary":"AAAA"`, `"resource":{"resourceType":"Patient"}`, `"part":[{"name":"x","valueString":"x"}]`} {
		if p.Type != "Element" || !strings.Contains(value, "Base64") {
			s.tried(t, []int{400}, on, bodyOf(all, p, value))
		}
	}
	if p.Max == "1" {
		s.tried(t, []int{400}, on, bodyOf(all, p, valueOf(p), valueOf(p)))
	}
	switch p.Type {
	case "Reference":
		for _, ref := range []string{
			"", "x", "Patient", "Patient/nobody", "Patient/gone", "Patient/late", "Patient/old", "Patient/c1", "Patient/lost", "Location/gone", "Location/here", "Encounter/here", "Encounter/gone", "Practitioner/gone",
			"HealthcareService/gone", "Account/none", "Coverage/cover", "https://elsewhere.example.org/fhir/Patient/1", "urn:uuid:6f1ed7d5-6a4c-4a5e-9a3b-000000000001", "#x", "Patient?name=x", "Patient/ana/_history/9", "../x", "Patient/" + strings.Repeat("x", 100),
		} {
			text, _ := json.Marshal(ref)
			s.tried(t, nil, on, bodyOf(all, p, `"valueReference":{"reference":`+string(text)+`}`))
		}
		s.tried(t, []int{400, 422}, on, bodyOf(all, p, `"valueReference":{"display":"x"}`))
		s.tried(t, []int{400, 422}, on, bodyOf(all, p, `"valueReference":{"identifier":{"value":"x"}}`))
	case "dateTime", "date":
		for _, text := range []string{"2027", "2027-02-30", "2027-03-01", "1000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "now", "2027-03-01T14:00:00+14:00"} {
			kind := strings.ToUpper(p.Type[:1]) + p.Type[1:]
			s.tried(t, nil, on, bodyOf(all, p, `"value`+kind+`":"`+text+`"`))
		}
	case "code", "string", "markdown":
		kind := strings.ToUpper(p.Type[:1]) + p.Type[1:]
		for _, text := range []string{"nonsense", " x ", strings.Repeat("x", 70000), `\u0000`, ""} {
			s.tried(t, nil, on, bodyOf(all, p, `"value`+kind+`":"`+text+`"`))
		}
	case "CodeableConcept":
		for _, text := range []string{"{}", `{"coding":[{}]}`, `{"text":"x"}`, `{"coding":[{"system":"urn:x|y","code":"a,b|c"}]}`} {
			s.tried(t, nil, on, bodyOf(all, p, `"valueCodeableConcept":`+text))
		}
	case "canonical":
		for _, text := range []string{"x", "http://example.org/none", "http://example.org/none|1", "|", "PlanDefinition/none"} {
			s.tried(t, nil, on, bodyOf(all, p, `"valueCanonical":"`+text+`"`))
		}
	}
}

// valueOf is a value that a parameter may have.
func valueOf(p *parameterOf) string {
	if len(p.Part) > 0 {
		var parts []string
		for i := range p.Part {
			if one := &p.Part[i]; one.Min > 0 {
				parts = append(parts, `{"name":"`+one.Name+`",`+valueOf(one)+`}`)
			}
		}
		return `"part":[` + strings.Join(parts, ",") + `]`
	}
	switch p.Type {
	case "Reference":
		ref := map[string]string{"patient": "Patient/bo", "service": "HealthcareService/office", "location": "Location/desk", "ward": "Location/desk", "encounter": "Encounter/here", "owner": "Practitioner/lee"}[p.Name]
		if ref == "" {
			ref = "Practitioner/lee"
		}
		return `"valueReference":{"reference":"` + ref + `"}`
	case "CodeableConcept":
		return `"valueCodeableConcept":{"text":"x"}`
	case "Coding":
		return `"valueCoding":{"code":"IMP"}`
	case "Duration", "Quantity":
		return `"value` + p.Type + `":{"value":1,"unit":"d","system":"http://unitsofmeasure.org","code":"d"}`
	case "boolean":
		return `"valueBoolean":true`
	case "dateTime":
		return `"valueDateTime":"2027-03-01T13:00:00Z"`
	case "date":
		return `"valueDate":"2027-03-01"`
	case "Element":
		return `"valueString":"x"`
	}
	return fmt.Sprintf(`"value%s":"x"`, strings.ToUpper(p.Type[:1])+p.Type[1:])
}

// bodyOf is a call with what is required, and one parameter as it is given.
func bodyOf(all []parameterOf, other *parameterOf, values ...string) string {
	var list []string
	for i := range all {
		p := &all[i]
		if p.Use == "out" || p == other {
			continue
		}
		for range p.Min {
			list = append(list, `{"name":"`+p.Name+`",`+valueOf(p)+`}`)
		}
	}
	for _, value := range values {
		list = append(list, `{"name":"`+other.Name+`",`+value+`}`)
	}
	if list == nil {
		return `{"resourceType":"Parameters"}`
	}
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
}
