package authserver

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
)

// upstreamKeys are the keys of a provider. They are fetched for a key that is not known, and at most every 30 seconds: go-oidc's own set
// would be fetched for every forged token.
type upstreamKeys struct {
	url    string
	client *http.Client
	now    func() time.Time

	mu    sync.Mutex
	set   jose.JSONWebKeySet
	tried time.Time
}

var _ oidc.KeySet = (*upstreamKeys)(nil)

// Bounds of fetching keys.
const (
	keysEvery = 30 * time.Second
	keysTime  = 5 * time.Second
	keysBytes = 256 << 10
)

// VerifySignature implements oidc.KeySet.
func (k *upstreamKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	algorithms := make([]jose.SignatureAlgorithm, 0, len(signatures()))
	for _, a := range signatures() {
		algorithms = append(algorithms, jose.SignatureAlgorithm(a))
	}
	sig, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil || len(sig.Signatures) != 1 {
		return nil, errors.New("it is not signed as it must be")
	}
	key, err := k.key(ctx, sig.Signatures[0].Header.KeyID)
	if err != nil {
		return nil, err
	}
	payload, err := sig.Verify(key)
	if err != nil {
		return nil, errors.New("the signature is wrong")
	}
	return payload, nil
}

// key is the one key with an id. A provider with one key need not name it.
func (k *upstreamKeys) key(ctx context.Context, id string) (*jose.JSONWebKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key := k.find(id); key != nil {
		return key, nil
	}
	if now := k.now(); k.tried.IsZero() || now.Sub(k.tried) >= keysEvery {
		k.tried = now
		if err := k.fetch(ctx); err != nil {
			return nil, err
		}
	}
	if key := k.find(id); key != nil {
		return key, nil
	}
	return nil, errors.New("the provider has no such key, or several")
}

func (k *upstreamKeys) find(id string) (found *jose.JSONWebKey) {
	for i := range k.set.Keys {
		one := &k.set.Keys[i]
		if id != "" && one.KeyID != id || one.Use != "" && one.Use != "sig" || !one.IsPublic() || !one.Valid() {
			continue
		}
		if found != nil {
			return nil
		}
		found = one
	}
	return found
}

func (k *upstreamKeys) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keysTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return errors.New("the URL of the provider's keys is none")
	}
	resp, err := k.client.Do(r)
	if err != nil {
		return errors.New("the provider's keys cannot be fetched")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the provider's keys: status %d", resp.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, keysBytes+1))
	if err != nil || len(text) > keysBytes {
		return errors.New("the provider's keys are too long, or end early")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return errors.New("the provider's keys are no key set")
	}
	k.set = set
	return nil
}

func rawURL(text string) ([]byte, error) { return base64.RawURLEncoding.DecodeString(text) }
