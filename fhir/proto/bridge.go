package proto

import (
	"github.com/google/fhir/go/fhirversion"
	"github.com/google/fhir/go/jsonformat"
	containedpb "github.com/google/fhir/go/proto/google/fhir/proto/r4/core/resources/bundle_and_contained_resource_go_proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Message is a message of google/fhir, such as *patientpb.Patient.
type Message = protoreflect.ProtoMessage

// Bridge turns resources into messages and back. It is safe for concurrent use, and one is enough for a program.
type Bridge struct {
	lenient *jsonformat.Unmarshaller // reads; what has passed the gate need not be checked again
	strict  *jsonformat.Unmarshaller // checks required elements and reference targets as well
	writer  *jsonformat.Marshaller
}

// New returns a Bridge. An error means that google/fhir was built without R4.
func New() (*Bridge, error) {
	// Dates without a time zone become instants in UTC and are written back as they were.
	const zone, version = "UTC", fhirversion.R4
	lenient, err := jsonformat.NewUnmarshallerWithoutValidation(zone, version)
	if err != nil {
		return nil, err
	}
	strict, err := jsonformat.NewUnmarshaller(zone, version)
	if err != nil {
		return nil, err
	}
	writer, err := jsonformat.NewMarshaller(false, "", "", version)
	if err != nil {
		return nil, err
	}
	return &Bridge{lenient: lenient, strict: strict, writer: writer}, nil
}

// content is the message of the resource that a ContainedResource holds, nil where it holds none.
func content(m *containedpb.ContainedResource) protoreflect.Message {
	r := m.ProtoReflect()
	field := r.WhichOneof(r.Descriptor().Oneofs().ByName("oneof_resource"))
	if field == nil {
		return nil
	}
	return r.Get(field).Message()
}

// resourceMessage is the message type of a resource type, nil for what is none.
func resourceMessage(name string) protoreflect.MessageDescriptor {
	fields := (*containedpb.ContainedResource)(nil).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if m := fields.Get(i).Message(); m != nil && string(m.Name()) == name {
			return m
		}
	}
	return nil
}
