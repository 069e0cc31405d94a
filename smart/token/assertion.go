package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"andiron.dev/fhir"
	"github.com/golang-jwt/jwt/v5"
)

// AssertionType is the client_assertion_type of a JWT (RFC 7523, section 2.2).
const AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

const (
	assertionRecord = "assertion" // of an assertion that was used: key: digest of client and jti; owner: the client
	maxAhead        = 5 * time.Minute
	slack           = 5 * time.Second // by which a client's clock may be ahead of ours when it uses all of that
	maxID           = 512             // bytes of a jti
)

// KeySource is where a client's keys are: one of both.
type KeySource struct {
	Set json.RawMessage // registered with the client
	URL string          // registered with the client
}

// Assertions checks the assertions of clients (SMART App Launch 2.2, client-confidential-asymmetric; RFC 7523). It is safe for concurrent
// use. All fields are required but Now.
type Assertions struct {
	Store fhir.Store // remembers what was used
	Keys  *KeySets
	Now   func() time.Time // nil = time.Now
}

func (a *Assertions) now() time.Time {
	if a.Now != nil {
		return a.Now()
	}
	return time.Now()
}

// Client is whom an assertion claims to be from, so that its registration can be looked up. It proves nothing. Errors: *Refused.
func Client(assertion string) (string, error) {
	if _, err := guard(assertion); err != nil {
		return "", err
	}
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser(jwt.WithStrictDecoding(), jwt.WithJSONNumber()).ParseUnverified(assertion, claims); err != nil {
		return "", refuse("it is no JWT")
	}
	sub, err := text(claims, "sub")
	if err != nil || sub == "" {
		return "", refuse("it has no subject")
	}
	return sub, nil
}

// Verify checks that an assertion was made by a client, for this token endpoint and for now, and was not used before. From then on
// it has been used. Errors: *Refused, for which the answer is invalid_client; ErrUnfetched; those of the store.
func (a *Assertions) Verify(ctx context.Context, clientID string, keys KeySource, assertion, tokenURL string) error {
	h, err := guard(assertion)
	if err != nil {
		return err
	}
	if err := checkHeader(h, keys); err != nil {
		return err
	}
	now := a.now()
	claims, err := verify(assertion, func() time.Time { return now }, func() (any, error) { return a.key(ctx, h, keys) },
		jwt.WithIssuer(clientID), jwt.WithSubject(clientID), jwt.WithAudience(tokenURL))
	if err != nil {
		return err
	}
	// Several audiences would let the owner of another of them present the assertion here.
	if aud, err := sole(claims, "aud"); err != nil || aud != tokenURL {
		return refuse("its audience is not this token endpoint alone")
	}
	exp, err := moment(claims, "exp")
	if err != nil {
		return err
	}
	if exp.After(now.Add(maxAhead + slack)) {
		return refuse("it is valid for more than five minutes")
	}
	jti, err := text(claims, "jti")
	if err != nil || jti == "" || len(jti) > maxID {
		return refuse("it has no jti")
	}
	return a.use(ctx, clientID, jti, exp)
}

func checkHeader(h *header, keys KeySource) error {
	switch strings.ToLower(h.typ) {
	case "", "jwt", "client-authentication+jwt", "application/client-authentication+jwt":
	default:
		return refuse("its type is not that of an assertion")
	}
	if h.jku != "" && h.jku != keys.URL {
		return refuse("its jku is not the registered URL")
	}
	return nil
}

func (a *Assertions) key(ctx context.Context, h *header, keys KeySource) (any, error) {
	if keys.URL != "" {
		return a.Keys.key(ctx, keys.URL, h.kid, h.alg)
	}
	set, err := parseSet(keys.Set)
	if err != nil {
		return nil, refuse("the client has no key set")
	}
	return set.find(h.kid, h.alg)
}

// use remembers an assertion until it would be refused anyway. Of two that come at once, one is refused.
func (a *Assertions) use(ctx context.Context, clientID, jti string, exp time.Time) error {
	sum := sha256.Sum256([]byte(clientID + "\x00" + jti))
	key := hex.EncodeToString(sum[:])
	value, err := json.Marshal(struct {
		Client string    `json:"client"`
		Used   time.Time `json:"used"`
	}{clientID, a.now().UTC()})
	if err != nil {
		return err
	}
	return a.Store.Update(ctx, []string{assertionRecord + "|" + base64.RawURLEncoding.EncodeToString(sum[:])}, func(tx fhir.Tx) error {
		switch _, err := tx.Record(ctx, assertionRecord, key); {
		case err == nil:
			return refuse("it was used before")
		case fhir.CodeOf(err) != fhir.NotFound:
			return err
		}
		return tx.Keep(ctx, &fhir.Record{Kind: assertionRecord, Key: key, Owner: clientID, Expires: exp.Add(leeway + 2*time.Second), Value: value})
	})
}
