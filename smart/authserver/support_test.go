package authserver

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"testing"

	"andiron.dev/smart/account"
	"github.com/go-jose/go-jose/v4"
)

// publicKey is the published key with a kid.
func publicKey(set []json.RawMessage, kid any) (any, error) {
	for _, text := range set {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(text); err != nil {
			return nil, err
		}
		if k.KeyID == kid && k.IsPublic() {
			return k.Key, nil
		}
	}
	return nil, errors.New("there is no such key")
}

func accountSystem() account.Caller { return account.System("test") }

// basic are the credentials of RFC 6749 §2.3.1.
func basic(id, secret string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))
}

// rsaSet is a key for assertions, and the set to register.
func rsaSet(t testing.TB) (*rsa.PrivateKey, json.RawMessage) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key, keySet(t, &key.PublicKey, "rsa")
}

func keySet(t testing.TB, public any, kid string) json.RawMessage {
	t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: public, KeyID: kid}}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
