// Package accounttest has what tests of logins need: an authenticator made of software.
package accounttest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
)

// Authenticator is a WebAuthn authenticator with one key, and the browser before it. Tests change its fields to make it lie.
type Authenticator struct {
	Origin   string // of the page that asks
	Counter  uint32 // of signatures, as the last answer told it
	Verified bool   // the user was verified, by a PIN or finger

	key *ecdsa.PrivateKey
	id  []byte
}

// New makes an authenticator in a browser that shows a page of an origin.
func New(origin string) (*Authenticator, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authenticator{Origin: origin, Counter: 1, Verified: true, key: key, id: make([]byte, 32)}
	_, _ = rand.Read(a.id) // it never fails
	return a, nil
}

// asked is what is needed of the options of both ceremonies.
type asked struct {
	PublicKey struct {
		Challenge string `json:"challenge"`
		RPID      string `json:"rpId"`
		RP        struct {
			ID string `json:"id"`
		} `json:"rp"`
	} `json:"publicKey"`
}

// Flags of authenticator data (https://www.w3.org/TR/webauthn-3/#sctn-authenticator-data).
const (
	present  = 0x01
	verified = 0x04
	attested = 0x40
)

// Create answers navigator.credentials.create.
func (a *Authenticator) Create(options []byte) ([]byte, error) {
	var o asked
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	public, err := a.key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	cose, err := webauthncbor.Marshal(&webauthncose.EC2PublicKeyData{
		PublicKeyData: webauthncose.PublicKeyData{KeyType: int64(webauthncose.EllipticKey), Algorithm: int64(webauthncose.AlgES256)},
		Curve:         int64(webauthncose.P256), XCoord: public[1:33], YCoord: public[33:65],
	})
	if err != nil {
		return nil, err
	}
	data := a.data(o.PublicKey.RP.ID, attested)
	data = append(data, make([]byte, 16)...) // AAGUID
	data = binary.BigEndian.AppendUint16(data, uint16(len(a.id)))
	data = append(append(data, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return nil, err
	}
	client := a.client("webauthn.create", o.PublicKey.Challenge)
	return a.answer(map[string]any{"clientDataJSON": encode(client), "attestationObject": encode(object), "transports": []string{"usb"}})
}

// Get answers navigator.credentials.get, and counts.
func (a *Authenticator) Get(options []byte) ([]byte, error) {
	var o asked
	if err := json.Unmarshal(options, &o); err != nil {
		return nil, err
	}
	a.Counter++
	data := a.data(o.PublicKey.RPID, 0)
	client := a.client("webauthn.get", o.PublicKey.Challenge)
	hash := sha256.Sum256(client)
	sum := sha256.Sum256(append(data[:len(data):len(data)], hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		return nil, err
	}
	return a.answer(map[string]any{"clientDataJSON": encode(client), "authenticatorData": encode(data), "signature": encode(signature)})
}

func (a *Authenticator) data(rp string, flags byte) []byte {
	hash := sha256.Sum256([]byte(rp))
	flags |= present
	if a.Verified {
		flags |= verified
	}
	return binary.BigEndian.AppendUint32(append(hash[:], flags), a.Counter)
}

func (a *Authenticator) client(typ, challenge string) []byte {
	return fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":%q,"crossOrigin":false}`, typ, challenge, a.Origin)
}

func (a *Authenticator) answer(response map[string]any) ([]byte, error) {
	return json.Marshal(map[string]any{
		"id": encode(a.id), "rawId": encode(a.id), "type": "public-key",
		"clientExtensionResults": map[string]any{}, "response": response,
	})
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
