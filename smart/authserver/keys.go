package authserver

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
	"github.com/go-jose/go-jose/v4"
)

// The states of a signing key: it is published before it signs, so that nobody who keeps a copy of the key set meets an unknown
// key, and for as long as something is valid that it has signed.
const (
	keyNext    = "next"
	keyActive  = "active"
	keyRetired = "retired"
)

// How long a signing key is in each state.
const (
	keyBits       = 2048
	keyPublished  = 24 * time.Hour           // next, at least
	keySigning    = 90 * 24 * time.Hour      // active
	keyAnnounced  = keySigning - keyGrace    // of the active one, when the next is made
	keyGrace      = 7 * 24 * time.Hour       //
	keyRemembered = 24*time.Hour + idTokenIs // retired
	keysFresh     = time.Minute              // how long this process goes by what it has read
)

// signingKey is the record of a key.
type signingKey struct {
	Kid     string          `json:"kid"` // RFC 7638 thumbprint
	Alg     string          `json:"alg"`
	State   string          `json:"state"`
	Public  json.RawMessage `json:"public"`  // JWK
	Private []byte          `json:"private"` // PKCS #8, sealed
	Since   time.Time       `json:"since"`   // in this state
}

// keyRing is what this process knows of the signing keys.
type keyRing struct {
	mu     sync.Mutex
	read   time.Time
	active *signer
	public []json.RawMessage
}

// signer is an active key, opened.
type signer struct {
	kid string
	key *rsa.PrivateKey
}

// ring reads the signing keys, and makes the first one where there is none.
func (s *Server) ring(ctx context.Context) (*signer, []json.RawMessage, error) {
	k := &s.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	if now := s.config.Now(); k.active != nil && now.Sub(k.read) < keysFresh && !now.Before(k.read) {
		return k.active, k.public, nil
	}
	list, err := s.readKeys(ctx)
	if err == nil && activeKey(list) == nil {
		if err = s.RotateKeys(ctx, false); err == nil {
			list, err = s.readKeys(ctx)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	a := activeKey(list)
	if a == nil {
		return nil, nil, fhir.Internal(errors.New("there is no active signing key"))
	}
	if k.active == nil || k.active.kid != a.Kid {
		if k.active, err = s.open(a); err != nil {
			return nil, nil, fhir.Internal(err)
		}
	}
	k.public = nil
	for _, one := range list {
		k.public = append(k.public, one.Public)
	}
	k.read = s.config.Now()
	return k.active, k.public, nil
}

func (s *Server) readKeys(ctx context.Context) (list []*signingKey, err error) {
	err = s.config.Store.View(ctx, func(tx fhir.Tx) error {
		list, err = signingKeys(ctx, tx)
		return err
	})
	return list, err
}

func signingKeys(ctx context.Context, in fhir.RecordReader) (list []*signingKey, err error) {
	err = each(ctx, in, keyRecord, "", func(r *fhir.Record) error {
		k := &signingKey{}
		list = append(list, k)
		return r.Decode(k)
	})
	return list, err
}

func activeKey(list []*signingKey) *signingKey { return inState(list, keyActive) }

func inState(list []*signingKey, state string) *signingKey {
	for _, k := range list {
		if k.State == state {
			return k
		}
	}
	return nil
}

func aboutKey(kid string) []byte { return []byte(keyRecord + "/" + kid) }

func (s *Server) open(k *signingKey) (*signer, error) {
	plain, err := s.config.Secrets.Open(k.Private, aboutKey(k.Kid))
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("a signing key is not an RSA key")
	}
	return &signer{kid: k.Kid, key: key}, nil
}

// makeKey makes a key that is in no state yet.
func (s *Server) makeKey() (*signingKey, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return nil, err
	}
	jwk := jose.JSONWebKey{Key: &private.PublicKey, Algorithm: string(jose.RS256), Use: "sig"}
	print, err := jwk.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, err
	}
	jwk.KeyID = base64.RawURLEncoding.EncodeToString(print)
	public, err := jwk.MarshalJSON()
	if err != nil {
		return nil, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	sealed, err := s.config.Secrets.Seal(plain, aboutKey(jwk.KeyID))
	return &signingKey{Kid: jwk.KeyID, Alg: string(jose.RS256), Public: public, Private: sealed}, err
}

// RotateKeys takes the signing keys one step further where it is time: it makes the next one a week before the active one has
// signed for 90 days, lets it take over, and forgets the retired one when nothing is valid any more that it has signed. With now
// the first two steps are due at once, but a key still signs no earlier than a day after it was published: call it again then.
func (s *Server) RotateKeys(ctx context.Context, now bool) error {
	list, err := s.readKeys(ctx)
	if err != nil {
		return err
	}
	var fresh *signingKey
	if s.wantsKey(list, now) {
		if fresh, err = s.makeKey(); err != nil { // not within the update: it takes long, and may run twice
			return fhir.Internal(err)
		}
	}
	steps := 0
	err = s.config.Store.Update(ctx, []string{keyRecord}, func(tx fhir.Tx) error {
		steps, err = s.turnKeys(ctx, tx, fresh, now)
		return err
	})
	if err == nil && steps > 0 {
		s.config.Log.Info("signing keys rotated", slog.Int("steps", steps))
	}
	return err
}

// wantsKey reports whether a new key is due.
func (s *Server) wantsKey(list []*signingKey, now bool) bool {
	active := activeKey(list)
	if active == nil {
		return true
	}
	return inState(list, keyNext) == nil && (now || s.config.Now().Sub(active.Since) >= keyAnnounced)
}

func (s *Server) turnKeys(ctx context.Context, tx fhir.Tx, fresh *signingKey, due bool) (steps int, err error) {
	list, err := signingKeys(ctx, tx)
	if err != nil {
		return 0, err
	}
	now := s.config.Now().UTC()
	move := func(k *signingKey, state string) {
		if err == nil {
			one := *k
			one.State, one.Since = state, now
			err = fhir.KeepValue(ctx, tx, fhir.Record{Kind: keyRecord, Key: k.Kid}, &one)
			if err == nil {
				err = tx.Append(ctx, (&audit.Event{Time: now, Kind: audit.Admin, Subtype: "key-" + state, Subject: "system", What: []string{"key/" + k.Kid}}).Entry())
			}
			steps++
		}
	}
	active, next := activeKey(list), inState(list, keyNext)
	switch {
	case active == nil && next != nil: // whatever has become of the active one, something must sign
		move(next, keyActive)
	case active == nil && fresh != nil:
		move(fresh, keyActive)
	case active != nil && next != nil && now.Sub(next.Since) >= keyPublished && (due || now.Sub(active.Since) >= keySigning):
		move(active, keyRetired)
		move(next, keyActive)
	case active != nil && next == nil && fresh != nil && s.wantsKey(list, due):
		move(fresh, keyNext)
	}
	for _, k := range list {
		if k.State == keyRetired && now.Sub(k.Since) >= keyRemembered && err == nil {
			err = tx.Drop(ctx, keyRecord, k.Kid)
		}
	}
	return steps, err
}

// Run rotates the signing keys when it is time, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	const often = time.Hour
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		if err := s.RotateKeys(ctx, false); err != nil && ctx.Err() == nil {
			s.config.Log.Error("the signing keys could not be rotated", slog.String("cause", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
