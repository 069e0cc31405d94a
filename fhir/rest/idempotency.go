package rest

import (
	"strings"

	"andiron.dev/fhir"
)

// IdempotencyHeader names a request that must not be carried out twice (fhir.Request.IdempotencyKey).
const IdempotencyHeader = "Idempotency-Key"

// readIdempotencyKey reads the key: the draft has it in quotes, most clients leave them out.
func (k *call) readIdempotencyKey() error {
	values := k.http.Header.Values(IdempotencyHeader)
	if len(values) == 0 || !k.req.Changes() {
		return nil
	}
	key := strings.TrimSpace(values[0])
	if unquoted, ok := strings.CutPrefix(key, `"`); ok {
		key, ok = strings.CutSuffix(unquoted, `"`)
		if !ok {
			key = ""
		}
	}
	if len(values) > 1 || key == "" || len(key) > 255 || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		return fhir.NewOutcome(fhir.Invalid, IdempotencyHeader+" must hold one key of 1 to 255 visible ASCII characters, such as a UUID")
	}
	k.req.IdempotencyKey = key
	return nil
}

// replayed says that an answer is given again, and gives it as it was.
func (k *call) replayed(r *fhir.Replayed) {
	if r == nil {
		return
	}
	k.w.Header().Set("Idempotency-Replayed", "true")
	k.base, k.req.Prefer.Return = r.Base, r.Return
}
