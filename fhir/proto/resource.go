package proto

import (
	containedpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"google.golang.org/protobuf/proto"

	"andiron.dev/fhir"
)

// Resource returns a message, or the content of a ContainedResource, as a resource without version. The message is left alone. The
// resource has not been through the gate: a message can lack what R4 requires.
//
// The error is Invalid for a message that is no R4 resource, and Exception where google/fhir cannot write it.
func (b *Bridge) Resource(m Message) (*fhir.Resource, error) {
	r := m.ProtoReflect()
	if contained, ok := m.(*containedpb.ContainedResource); ok {
		if r = content(contained); r == nil {
			return nil, fhir.NewOutcome(fhir.Invalid, "the message holds no resource")
		}
	}
	name := string(r.Descriptor().Name())
	if d := resourceMessage(name); d != r.Descriptor() || !r.IsValid() {
		return nil, fhir.Errorf(fhir.Invalid, "the message %s is not a resource of FHIR R4", name)
	}
	// The marshaller writes into what it marshals: references get their text back, and marks of its own are removed.
	text, err := b.writer.MarshalResourceToString(proto.Clone(r.Interface()))
	if err != nil {
		return nil, fhir.Internal(err)
	}
	return fhir.ParseResource(text, fhir.Limits{})
}
