package proto_test

import (
	"fmt"

	patientpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/patient_go_proto"

	"andiron.dev/fhir"
	"andiron.dev/fhir/proto"
)

func ExampleAs() {
	r, _ := fhir.ParseResource(`{"resourceType":"Patient","name":[{"family":"Chalmers","given":["Peter"]}],"gender":"male"}`, fhir.DefaultLimits())
	bridge, _ := proto.New()
	patient, err := proto.As[*patientpb.Patient](bridge, r)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(patient.GetName()[0].GetFamily().GetValue(), patient.GetGender().GetValue())
	// Output: Chalmers MALE
}

func ExampleBridge_Resource() {
	bridge, _ := proto.New()
	r, _ := fhir.ParseResource(`{"resourceType":"Patient","active":true}`, fhir.DefaultLimits())
	patient, _ := proto.As[*patientpb.Patient](bridge, r)
	patient.Active.Value = false
	changed, _ := bridge.Resource(patient)
	fmt.Println(changed.Body())
	// Output: {"resourceType":"Patient","active":false}
}

func ExampleBridge_Check() {
	bridge, _ := proto.New()
	r, _ := fhir.ParseResource(`{"resourceType":"Encounter","status":"finished"}`, fhir.DefaultLimits())
	fmt.Println(bridge.Check(r))
	// Output: required: missing required field "class" (Encounter)
}
