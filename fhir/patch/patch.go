// Package patch changes resources piecemeal (http://hl7.org/fhir/R4/http.html#patch). Each format is a Format with a file of
// its own; JSON Patch (RFC 6902) is the first, FHIRPath Patch and XML Patch have their place in Formats.
package patch

import (
	"mime"
	"slices"

	"andiron.dev/fhir"
)

// Format applies patches of one media type.
type Format struct {
	MediaType string
	// Apply returns the JSON text of the resource after the patch. Errors: Invalid for a patch that is malformed,
	// BusinessRule for one that cannot be applied to this resource.
	Apply func(resource *fhir.Resource, patch string) (string, error)
}

// Formats are the formats that the server accepts, in the order in which it prefers them.
func Formats() []Format {
	return []Format{{MediaType: "application/json-patch+json", Apply: applyJSON}}
}

// Apply applies a patch to the current version of a resource. Errors: NotSupported for an unknown media type, and those
// of Format.Apply.
func Apply(resource *fhir.Resource, body *fhir.PatchBody) (string, error) {
	format, err := FormatOf(body.MediaType)
	if err != nil {
		return "", err
	}
	return format.Apply(resource, body.Text)
}

// FormatOf finds the format of a Content-Type. Its error is NotSupported.
func FormatOf(contentType string) (Format, error) {
	media, _, _ := mime.ParseMediaType(contentType)
	formats := Formats()
	i := slices.IndexFunc(formats, func(f Format) bool { return f.MediaType == media })
	if i < 0 {
		o := fhir.Errorf(fhir.NotSupported, "a patch must have the Content-Type %s", formats[0].MediaType)
		o.Refinement = fhir.UnsupportedMediaType
		return Format{}, o
	}
	return formats[i], nil
}
