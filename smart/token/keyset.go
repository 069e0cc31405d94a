package token

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys = 100  // of a set
	minRSA  = 2048 // bits
	maxRSA  = 8192 // what is longer takes too long to check
)

// publicKey is a key of a set that a signature can be checked with.
type publicKey struct {
	kid, kty string
	alg      string // "" = not said
	key      any    // *rsa.PublicKey or *ecdsa.PublicKey
	bits     int    // of the curve
}

// keySet is a JSON Web Key Set (RFC 7517). Keys that are of no use here stay in it as names, so that "exactly one" counts them.
type keySet struct{ keys []publicKey }

// parseSet reads a key set. It fails only for what is none; single keys that are strange are of no use.
func parseSet(text []byte) (*keySet, error) {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &raw); err != nil || raw.Keys == nil {
		return nil, errors.New("this is no JSON Web Key Set")
	}
	if len(raw.Keys) > maxKeys {
		return nil, fmt.Errorf("the key set has more than %d keys", maxKeys)
	}
	s := &keySet{}
	for _, one := range raw.Keys {
		k, _ := parseKey(one)
		s.keys = append(s.keys, k)
	}
	return s, nil
}

// parseKey reads a key. Where it is of no use, the error says why and the name is all there is of it.
func parseKey(text []byte) (publicKey, error) {
	var said struct {
		Kid    string   `json:"kid"`
		Kty    string   `json:"kty"`
		Use    string   `json:"use"`
		KeyOps []string `json:"key_ops"`
		D      string   `json:"d"`
		K      string   `json:"k"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		return publicKey{}, errors.New("it is no JSON Web Key")
	}
	name := publicKey{kid: said.Kid, kty: said.Kty}
	switch {
	case said.D != "" || said.K != "":
		return name, errors.New("it holds a private or secret key, which must not leave its owner")
	case said.Use != "" && said.Use != "sig":
		return name, errors.New("it is not for signatures")
	case len(said.KeyOps) > 0 && !slices.Contains(said.KeyOps, "verify"):
		return name, errors.New("it is not for checking signatures")
	}
	var jwk jose.JSONWebKey
	if err := jwk.UnmarshalJSON(text); err != nil || !jwk.Valid() {
		return name, errors.New("it is no valid public key")
	}
	k := publicKey{kid: said.Kid, kty: said.Kty, alg: jwk.Algorithm, key: jwk.Key}
	switch key := jwk.Key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSA || n > maxRSA || key.E < 3 || key.E%2 == 0 {
			return name, fmt.Errorf("an RSA key must have %d to %d bits", minRSA, maxRSA)
		}
	case *ecdsa.PublicKey:
		k.bits = key.Curve.Params().BitSize
		if k.bits != 256 && k.bits != 384 {
			return name, errors.New("an EC key must be on P-256 or P-384")
		}
	default:
		return name, errors.New("it is neither an RSA nor an EC key")
	}
	return k, nil
}

// find is the key for a signature: exactly one of that id and of the type that the algorithm needs (SMART App Launch, client-confidential-asymmetric).
func (s *keySet) find(kid, alg string) (any, error) {
	var found *publicKey
	for i := range s.keys {
		k := &s.keys[i]
		if k.kid != kid || k.kty != family(alg) {
			continue
		}
		if found != nil {
			return nil, refuse("the key set has several keys of that id")
		}
		found = k
	}
	switch {
	case found == nil:
		return nil, &unknownKey{}
	case found.key == nil:
		return nil, refuse("the key of that id is of no use")
	case found.alg != "" && found.alg != alg:
		return nil, refuse("the key is for another algorithm")
	case alg == "ES256" && found.bits != 256, alg == "ES384" && found.bits != 384:
		return nil, refuse("the key is on another curve")
	}
	return found.key, nil
}

// unknownKey is a Refused that a newer key set could change.
type unknownKey struct{}

func (*unknownKey) Error() string { return "token: refused: the key set has no such key" }
func (*unknownKey) As(target any) bool {
	r, ok := target.(**Refused)
	if ok {
		*r = &Refused{"the key set has no such key"}
	}
	return ok
}

// CheckKeySet says what is wrong with a key set that a client is to be registered with: it must be one, and every key in it public, of
// use here, with an id, and alone with that id and type.
func CheckKeySet(text []byte) error {
	var raw struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if _, err := parseSet(text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &raw); err != nil || len(raw.Keys) == 0 {
		return errors.New("the key set has no keys")
	}
	seen := make(map[[2]string]bool)
	for i, one := range raw.Keys {
		k, err := parseKey(one)
		switch {
		case err != nil:
			return fmt.Errorf("key %d of the set: %w", i+1, err)
		case k.kid == "":
			return fmt.Errorf("key %d of the set has no kid", i+1)
		case seen[[2]string{k.kid, k.kty}]:
			return fmt.Errorf("key %d of the set has the kid of another", i+1)
		}
		seen[[2]string{k.kid, k.kty}] = true
	}
	return nil
}
