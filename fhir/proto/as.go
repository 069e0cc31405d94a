package proto

import (
	containedpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"

	"andiron.dev/fhir"
)

// As returns a resource as a message: As[*appointmentpb.Appointment](b, r). As[proto.Message] takes a resource of any type.
//
// The error is Invalid where the resource is of another type, and names the elements where google/fhir cannot hold the content: the
// resource may be valid R4 all the same, a leap second for instance. Contained resources are *anypb.Any messages, which
// hold a ContainedResource.
func As[M Message](b *Bridge, r *fhir.Resource) (M, error) {
	var none M
	if any(none) != nil {
		if want := string(none.ProtoReflect().Descriptor().Name()); want != r.Type() {
			return none, fhir.Errorf(fhir.Invalid, "the resource is a %s, not a %s", r.Type(), want)
		}
	}
	contained, err := b.decode(r)
	if err != nil {
		return none, err
	}
	m, ok := content(contained).Interface().(M)
	if !ok { // of the same name: a message that is no resource, or of another FHIR version
		return none, fhir.Errorf(fhir.Invalid, "%T is not the R4 message of a %s", none, r.Type())
	}
	return m, nil
}

func (b *Bridge) decode(r *fhir.Resource) (*containedpb.ContainedResource, error) {
	m, err := b.lenient.UnmarshalR4(r.JSON())
	if err == nil {
		return m, nil
	}
	// google/fhir decodes base64 strictly, and R4 allows white space in it. Rare enough to be mended only when it hurts.
	if dense, ok := withoutBase64Space(r); ok {
		if m, err := b.lenient.UnmarshalR4(dense.JSON()); err == nil {
			return m, nil
		}
	}
	return nil, outcome(err)
}
