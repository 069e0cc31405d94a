package rest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unsafe"

	"andiron.dev/fhir"
	"github.com/klauspost/compress/gzip"
)

// readBody reads what the interaction needs of the body: a resource, a patch, a form.
func (k *call) readBody() error {
	req := k.req
	switch req.Interaction {
	case fhir.Create, fhir.Update:
		if req.Type == "Binary" {
			return k.readBinary()
		}
		return k.readResource(k.edge.Limits.Resource)
	case fhir.Transaction:
		if err := k.readResource(k.edge.Limits.Bundle); err != nil {
			return err
		}
		return k.batchOrTransaction()
	case fhir.Operation:
		if k.http.Method == http.MethodPost && k.http.ContentLength != 0 {
			return k.readResource(k.edge.Limits.Bundle)
		}
	case fhir.Patch:
		return k.readPatch()
	case fhir.SearchType, fhir.SearchSystem:
		if k.http.Method == http.MethodPost {
			return k.readForm()
		}
	}
	return nil
}

// contentMedia is the media type of the body; a body without one is taken for FHIR JSON.
func (k *call) contentMedia() (string, map[string]string) {
	header := k.http.Header.Get("Content-Type")
	switch header {
	case "", "application/fhir+json", "application/json":
		return "application/fhir+json", nil
	}
	media, params, err := mime.ParseMediaType(header)
	if err != nil {
		return header, nil
	}
	return media, params
}

func unsupportedMedia(text string) error {
	o := fhir.NewOutcome(fhir.NotSupported, text)
	o.Refinement = fhir.UnsupportedMediaType
	return o
}

func (k *call) readResource(limits fhir.Limits) error {
	media, params := k.contentMedia()
	if !isJSON(media) {
		return unsupportedMedia("the body must be FHIR JSON: Content-Type application/fhir+json")
	}
	text, err := k.read(limits.Bytes)
	if err != nil {
		return err
	}
	root, err := fhir.Parse(text, limits)
	return k.takeResource(root, params, err)
}

// takeResource makes the request's resource of a body that has been parsed.
func (k *call) takeResource(root fhir.Element, params map[string]string, err error) error {
	if !isR4(params) {
		return unsupportedMedia("the server speaks FHIR 4.0 only")
	}
	if !root.Exists() {
		return err
	}
	r, noResource := fhir.NewResource(root)
	if noResource != nil {
		if err != nil {
			return err
		}
		return noResource
	}
	k.req.Resource, k.req.Faults = r, fhir.AsOutcome(err)
	return nil
}

// batchOrTransaction tells the two apart by Bundle.type.
func (k *call) batchOrTransaction() error {
	r := k.req.Resource
	if r.Type() != "Bundle" {
		return fhir.NewOutcome(fhir.Invalid, "the base takes a Bundle of type batch or transaction; other resources are posted to the URL of their type")
	}
	switch r.Root().Get("type").Text() {
	case "transaction":
	case "batch":
		k.req.Interaction = fhir.Batch
	default:
		return fhir.NewOutcome(fhir.Invalid, "the Bundle must be of type batch or transaction", "Bundle.type")
	}
	return nil
}

func (k *call) readPatch() error {
	header := k.http.Header.Get("Content-Type")
	text, err := k.read(k.edge.Limits.Resource.Bytes)
	if err != nil {
		return err
	}
	k.req.Patch = &fhir.PatchBody{MediaType: header, Text: text}
	return nil
}

// readForm adds the form of a POST _search to the query: both halves mean the same
// (http://hl7.org/fhir/R4/http.html#search).
func (k *call) readForm() error {
	if k.http.ContentLength == 0 {
		return nil
	}
	if media, _ := k.contentMedia(); media != "application/x-www-form-urlencoded" {
		return unsupportedMedia("the parameters of a search must be sent as application/x-www-form-urlencoded")
	}
	text, err := k.read(1 << 20)
	if err != nil {
		return err
	}
	params, err := fhir.ParseParams(text)
	k.req.Params = append(k.req.Params, params...)
	if err == nil && len(k.req.Params) > fhir.MaxParams {
		return fhir.Errorf(fhir.TooCostly, "the query has more than %d parameters", fhir.MaxParams)
	}
	return err
}

// maxTrusted is how much memory a Content-Length alone is worth: a client can promise more than it sends.
const maxTrusted = 1 << 20

// read reads the body, decompressed, up to a limit that holds for both forms of it: a small body must not grow without
// bound.
func (k *call) read(limit int) (string, error) {
	tooLong := fhir.Errorf(fhir.TooLong, "the body has more than %d bytes", limit)
	if k.http.ContentLength > int64(limit) {
		return "", tooLong
	}
	var body io.Reader = http.MaxBytesReader(k.w, k.http.Body, int64(limit))
	switch encoding := k.http.Header.Get("Content-Encoding"); strings.ToLower(encoding) {
	case "", "identity":
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return "", fhir.NewOutcome(fhir.Structure, "the body is not gzip, although Content-Encoding says so")
		}
		defer z.Close()
		body = io.LimitReader(z, int64(limit)+1)
	default:
		return "", unsupportedMedia("the Content-Encoding must be gzip or identity")
	}
	var b bytes.Buffer
	if n := k.http.ContentLength; n > 0 {
		b.Grow(int(min(n, maxTrusted)) + bytes.MinRead)
	}
	_, err := b.ReadFrom(body)
	var exceeded *http.MaxBytesError
	switch {
	case errors.As(err, &exceeded), b.Len() > limit:
		return "", tooLong
	case err != nil:
		return "", fhir.NewOutcome(fhir.Structure, "the body could not be read to its end").WithCause(fmt.Errorf("reading the body: %w", err))
	}
	// The buffer is never written to again, so the text can be its memory.
	return unsafe.String(unsafe.SliceData(b.Bytes()), b.Len()), nil
}
