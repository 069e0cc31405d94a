package proto

import (
	"strings"

	annotationspb "github.com/google/fhir/go/proto/google/fhir/proto/annotations_go_proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"andiron.dev/fhir"
)

// withoutBase64Space returns the resource with the white space of its base64Binary elements removed. It reports false where there was
// none. The descriptors tell which elements those are: the white space of SampledData.data, a string, has a meaning.
func withoutBase64Space(r *fhir.Resource) (*fhir.Resource, bool) {
	root := r.Root()
	dense := map[fhir.Element]string{}
	binaries(root, resourceMessage(r.Type()), dense)
	if len(dense) == 0 {
		return r, false
	}
	return fhir.Render(root, r.Type(), r.ID(), func(e fhir.Element) (string, bool) {
		text, ok := dense[e]
		return text, ok
	}), true
}

// binaries collects the base64Binary elements below e that hold white space, with what they should be.
func binaries(e fhir.Element, d protoreflect.MessageDescriptor, dense map[fhir.Element]string) {
	if d == nil {
		return
	}
	for p := e.First(); p.Exists(); p = p.Next() {
		field := fieldOf(d, p.Name())
		if field == nil || field.Message() == nil {
			continue
		}
		for item := range p.Items() {
			switch m := field.Message(); {
			case m.Name() == "Base64Binary":
				if text := item.Text(); strings.ContainsAny(text, " \t\r\n\f\v") {
					dense[item] = strings.Join(strings.Fields(text), "")
				}
			case m.Name() == "ContainedResource" || m.Name() == "Any":
				binaries(item, resourceMessage(item.Get("resourceType").Text()), dense)
			default:
				binaries(item, m, dense)
			}
		}
	}
}

// fieldOf is the field of a JSON property: "data", or "valueBase64Binary" of a choice, which is a message within the message.
func fieldOf(d protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := d.Fields().ByJSONName(name); f != nil {
		return f
	}
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		typ, ok := strings.CutPrefix(name, f.JSONName())
		if ok && typ != "" && f.Message() != nil && proto.HasExtension(f.Message().Options(), annotationspb.E_IsChoiceType) {
			return f.Message().Fields().ByJSONName(strings.ToLower(typ[:1]) + typ[1:])
		}
	}
	return nil
}
