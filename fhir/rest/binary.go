package rest

import (
	"encoding/base64"
	"net/http"
	"strings"

	"andiron.dev/fhir"
)

// readBinary reads the body of a create or update of a Binary: the content as it is, whatever its media type, unless the body is
// a Binary resource (http://hl7.org/fhir/R4/binary.html#rest).
func (k *call) readBinary() error {
	text, err := k.read(k.edge.Limits.Resource.Bytes)
	if err != nil {
		return err
	}
	if text == "" {
		return fhir.NewOutcome(fhir.Required, "the request needs a body")
	}
	media, params := k.contentMedia()
	switch {
	case isJSON(media):
		root, err := fhir.Parse(text, k.edge.Limits.Resource)
		if !root.Exists() || k.http.Header.Get("Content-Type") == "" || root.Get("resourceType").Text() == "Binary" {
			return k.takeResource(root, params, err)
		}
	case media == "application/fhir+xml" && strings.Contains(text[:min(len(text), 1024)], "<Binary"):
		return unsupportedMedia("the resource must be FHIR JSON: Content-Type application/fhir+json")
	}
	return k.wrapBinary(text)
}

// wrapBinary makes a Binary resource of its content.
func (k *call) wrapBinary(content string) (err error) {
	w := fhir.NewWriter(len(content)*4/3 + 256)
	w.Object().Name("resourceType").String("Binary")
	if k.req.ID != "" {
		w.Name("id").String(k.req.ID)
	}
	w.Name("contentType").String(strings.Join(strings.Fields(k.http.Header.Get("Content-Type")), " "))
	if context := k.http.Header.Get("X-Security-Context"); context != "" {
		w.Name("securityContext").Object().Name("reference").String(context).EndObject()
	}
	w.Name("data").String(base64.StdEncoding.EncodeToString([]byte(content))).EndObject()
	limits := k.edge.Limits.Resource
	limits.Bytes, limits.String = 0, 0 // the limit held for the content
	k.req.Resource, err = fhir.ParseResource(string(w.Take()), limits)
	return err
}

// writeBinary sends the content of a Binary. It is never shown inside a page of this origin: it may be anything. A client
// that takes JSON but not the content's media type gets the resource.
func (k *call) writeBinary(r *fhir.Resource) {
	root := r.Root()
	accept := k.http.Header.Values("Accept")
	media := root.Get("contentType").Text()
	if !acceptsMedia(accept, media) {
		var ok bool
		if k.media, ok = acceptJSON(accept); !ok {
			k.fail(notAcceptable())
			return
		}
		k.versionHeaders(r)
		k.write(http.StatusOK, r)
		return
	}
	content, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(root.Get("data").Text()), ""))
	if err != nil {
		k.fail(fhir.Internal(err))
		return
	}
	h := k.w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", "attachment")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	if context := root.Get("securityContext").Get("reference").Text(); context != "" {
		h.Set("X-Security-Context", context)
	}
	k.versionHeaders(r)
	k.send(http.StatusOK, content)
}
