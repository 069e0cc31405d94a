package proto_test

import (
	"strings"
	"sync"
	"testing"

	codespb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/codes_go_proto"
	datatypespb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/datatypes_go_proto"
	appointmentpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/appointment_go_proto"
	containedpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	documentpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/document_reference_go_proto"
	patientpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/patient_go_proto"
	stu3pb "github.com/google/fhir/go/proto/google/fhir/proto/stu3/resources_go_proto"

	"andiron.dev/fhir"
	"andiron.dev/fhir/proto"
)

func newBridge(t testing.TB) *proto.Bridge {
	t.Helper()
	b, err := proto.New()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func resource(t testing.TB, text string) *fhir.Resource {
	t.Helper()
	r, err := fhir.ParseResource(text, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

const appointment = `{"resourceType":"Appointment","id":"a1","status":"booked","start":"2024-05-01T10:00:00.000Z","end":"2024-05-01T10:30:00.000Z",
	"participant":[{"actor":{"reference":"Patient/p1"},"status":"accepted"}]}`

func TestAsAndBack(t *testing.T) {
	b := newBridge(t)
	r := resource(t, appointment)
	m, err := proto.As[*appointmentpb.Appointment](b, r)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.GetParticipant()[0].GetActor().GetPatientId().GetValue(); got != "p1" {
		t.Errorf("actor: %q", got)
	}
	m.Status.Value = codespb.AppointmentStatusCode_ARRIVED
	changed, err := b.Resource(m)
	if err != nil {
		t.Fatal(err)
	}
	if got := changed.Root().Get("status").Text(); got != "arrived" || changed.Type() != "Appointment" || changed.ID() != "a1" {
		t.Errorf("%s/%s is %s", changed.Type(), changed.ID(), got)
	}
	if m.GetParticipant()[0].GetActor().GetPatientId().GetValue() != "p1" {
		t.Error("writing the message changed it")
	}
	m.Status.Value = codespb.AppointmentStatusCode_BOOKED
	if same, err := b.Resource(m); err != nil || !same.Same(r) {
		t.Errorf("not the same after a round trip: %v, %v", same, err)
	}
}

func TestAsOfAnyType(t *testing.T) {
	m, err := proto.As[proto.Message](newBridge(t), resource(t, appointment))
	if _, ok := m.(*appointmentpb.Appointment); !ok || err != nil {
		t.Errorf("%T, %v", m, err)
	}
}

func TestAsRefuses(t *testing.T) {
	b := newBridge(t)
	if _, err := proto.As[*patientpb.Patient](b, resource(t, appointment)); fhir.CodeOf(err) != fhir.Invalid || !strings.Contains(err.Error(), "not a Patient") {
		t.Errorf("another type: %v", err)
	}
	if _, err := proto.As[*stu3pb.Appointment](b, resource(t, appointment)); fhir.CodeOf(err) != fhir.Invalid {
		t.Errorf("another version: %v", err)
	}
	_, err := proto.As[*patientpb.Patient](b, resource(t, `{"resourceType":"Patient","birthDate":"1970-02-30","nickname":"X"}`))
	o := fhir.AsOutcome(err)
	if o == nil || len(o.Issues) != 2 {
		t.Fatalf("two mistakes: %v", err)
	}
	for _, path := range []string{"Patient.birthDate", "Patient.nickname"} {
		if !strings.Contains(err.Error(), path) {
			t.Errorf("%s is not named: %v", path, err)
		}
	}
	if strings.Contains(err.Error(), "1970") {
		t.Errorf("the error repeats what was sent: %v", err)
	}
}

func TestResourceRefuses(t *testing.T) {
	b := newBridge(t)
	for name, m := range map[string]proto.Message{
		"a data type":        &datatypespb.HumanName{},
		"nothing":            (*patientpb.Patient)(nil),
		"an empty container": &containedpb.ContainedResource{},
		"another version":    &stu3pb.Patient{},
	} {
		if r, err := b.Resource(m); fhir.CodeOf(err) != fhir.Invalid {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}

// White space in base64 is legal R4, which google/fhir refuses; in SampledData.data it separates numbers.
func TestAsReadsBase64WithWhiteSpace(t *testing.T) {
	r := resource(t, `{"resourceType":"DocumentReference","status":"current","contained":[{"resourceType":"Binary","id":"b","contentType":"text/plain",
		"data":"aGVs\nbG8="},{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"valueSampledData":{"origin":{"value":0},"period":1,
		"dimensions":1,"data":"1 2 3"}}],"content":[{"attachment":{"data":" aGVs\r\n\tbG8= ","extension":[{"url":"u","valueBase64Binary":"aGVs bG 8="}]}}]}`)
	m, err := proto.As[*documentpb.DocumentReference](newBridge(t), r)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(m.GetContent()[0].GetAttachment().GetData().GetValue()); got != "hello" {
		t.Errorf("data: %q", got)
	}
	back, err := newBridge(t).Resource(m)
	if err != nil || !strings.Contains(back.Body(), `"1 2 3"`) || strings.Count(back.Body(), `"aGVsbG8="`) != 3 {
		t.Errorf("%v, %v", back.Body(), err)
	}
}

func TestBridgeIsSafeForConcurrentUse(t *testing.T) {
	b, r := newBridge(t), resource(t, appointment)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				m, err := proto.As[*appointmentpb.Appointment](b, r)
				if err != nil {
					t.Error(err)
					return
				}
				if back, err := b.Resource(m); err != nil || !back.Same(r) || b.Check(back) != nil {
					t.Error(back, err)
				}
			}
		})
	}
	all.Wait()
}

func TestCheckNamesEveryMistake(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"a valid resource", appointment, ""},
		{"JSON", `{"resourceType":`, "structure: invalid JSON"},
		{"no type", `{"id":"x"}`, `required: missing required field "resourceType"`},
		{"unknown type", `{"resourceType":"Person2"}`, "structure: unknown resource type (Person2)"},
		{"unknown element", `{"resourceType":"Patient","foo":1}`, "structure: unknown field (Patient.foo)"},
		{"code", `{"resourceType":"Patient","gender":"man"}`, "code-invalid: code type mismatch (Patient.gender)"},
		{"required", `{"resourceType":"Appointment","status":"booked"}`, `required: missing required field "participant" (Appointment)`},
		{"nested", `{"resourceType":"Bundle","type":"batch","entry":[{"resource":{"resourceType":"Patient","active":"yes"}}]}`,
			"value: expected boolean (Bundle.entry[0].resource.active)"},
		{"reference", `{"resourceType":"Patient","managingOrganization":{"reference":"Patient/1"}}`,
			"value: invalid reference to a Patient resource, want Organization (Patient.managingOrganization)"},
	} {
		got := ""
		if o := newBridge(t).CheckJSON([]byte(c.text)); o != nil {
			got = o.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
