package interaction

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"andiron.dev/fhir"
)

// onceGuard is the guard behind fhir.Request.Once. The name comes from a client, so the key holds its hash.
func onceGuard(name string) string {
	if name == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(name))
	return "once:" + hex.EncodeToString(sum[:16])
}

// first fails with Duplicate when a transaction with the same guard has been committed before. The guard is counted with
// the transaction's own writes, so there is no moment at which one is there without the other.
func (t *transaction) first(ctx context.Context, tx fhir.Tx) error {
	if t.once == "" || !t.writes() {
		return nil
	}
	n, err := tx.GuardCount(ctx, t.once)
	if err == nil && n > 0 {
		return fhir.NewOutcome(fhir.Duplicate, "this transaction has been carried out before; nothing was changed")
	}
	return err
}
