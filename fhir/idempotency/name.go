package idempotency

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"andiron.dev/fhir"
)

// recordKey is where the answer is: a key belongs to a caller and a route, and is not kept in clear.
func recordKey(caller string, req *fhir.Request) string {
	return sum(caller, string(req.Interaction), req.Type, req.Operation, req.IdempotencyKey)
}

// digestOf tells requests apart by what they ask for: method, path, query and body, however the body is laid out.
func digestOf(req *fhir.Request) (string, error) {
	parts := []string{string(req.Interaction), req.Type, req.ID, req.Compartment, req.Operation, req.Params.Encode(), "", "", ""}
	if req.Condition != nil {
		parts[6] = "?" + *req.Condition
	}
	if req.Resource != nil {
		text, err := sorted(req.Resource.Body())
		if err != nil {
			return "", err
		}
		parts[7] = text
	}
	if req.Patch != nil {
		parts[8] = req.Patch.MediaType + "\n" + req.Patch.Text
	}
	return sum(parts...), nil
}

// sorted is JSON with its properties in order; numbers stay as they are written.
func sorted(text string) (string, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var value any
	if err := d.Decode(&value); err != nil {
		return "", fhir.Internal(err)
	}
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(value); err != nil {
		return "", fhir.Internal(err)
	}
	return out.String(), nil
}

// sum is a digest of texts with their lengths, so that nothing can be moved from one to the next.
func sum(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		n := sha256.Sum256([]byte(part))
		h.Write(n[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
