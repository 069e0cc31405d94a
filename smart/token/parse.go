package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

const (
	maxSize  = 8 << 10          // bytes of a JWT
	maxDepth = 8                // of its claims
	leeway   = 30 * time.Second // by which clocks may differ
)

// algorithms are those that SMART names and their shorter sisters. None is symmetric: a public key is no secret.
func algorithms() []string { return []string{"RS384", "ES384", "RS256", "ES256"} }

// family is the key type that an algorithm needs (RFC 7518, section 6.1).
func family(alg string) string {
	switch alg {
	case "RS256", "RS384":
		return "RSA"
	case "ES256", "ES384":
		return "EC"
	}
	return ""
}

// header is what a JWT says of itself.
type header struct {
	alg, typ, kid, jku string
}

// guard looks at a JWT before any library does: its length and shape, and that no name stands in it twice, where one reader takes the
// first and another the last.
func guard(raw string) (*header, error) {
	if len(raw) > maxSize {
		return nil, refuse("it is too long")
	}
	parts := strings.Split(raw, ".")
	if len(parts) != 3 || strings.ContainsAny(raw, "\r\n") { // which encoding/base64 would pass over
		return nil, refuse("it is no JWT")
	}
	var fields map[string]any
	for i := range 2 {
		text, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, refuse("it is no JWT")
		}
		if err := strictJSON(text); err != nil {
			return nil, refuse("it is not strict JSON")
		}
		if i > 0 {
			break
		}
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, refuse("its header is no object")
		}
	}
	return readHeader(fields)
}

func readHeader(fields map[string]any) (*header, error) {
	var h header
	for name, to := range map[string]*string{"alg": &h.alg, "typ": &h.typ, "kid": &h.kid, "jku": &h.jku} {
		value, there := fields[name]
		text, ok := value.(string)
		if there && (!ok || text == "") {
			return nil, refuse("the header " + name + " is no string")
		}
		*to = text
	}
	for _, name := range []string{"crit", "b64", "zip", "enc"} { // extensions that change what the rest means
		if _, there := fields[name]; there {
			return nil, refuse("the header " + name + " is not supported")
		}
	}
	switch {
	case !slices.Contains(algorithms(), h.alg):
		return nil, refuse("its algorithm is not accepted")
	case h.kid == "":
		return nil, refuse("it names no key")
	}
	return &h, nil
}

// strictJSON refuses JSON with a name twice in an object, nested too deeply, with text after its end, or that is no UTF-8.
func strictJSON(text []byte) error {
	if !utf8.Valid(text) {
		return errors.New("no UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := strictValue(d, 0); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the end")
	}
	return nil
}

func strictValue(d *json.Decoder, depth int) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return nil
	}
	if depth == maxDepth {
		return errors.New("nested too deeply")
	}
	names := make(map[string]bool)
	for d.More() {
		if delim == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			text, _ := name.(string)
			if names[text] {
				return errors.New("a name twice")
			}
			names[text] = true
		}
		if err := strictValue(d, depth+1); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

// verify checks the signature and the times of a JWT that guard has let through, and returns its claims. key gives the public key; more are
// conditions on the claims.
func verify(raw string, now func() time.Time, key func() (any, error), more ...jwt.ParserOption) (jwt.MapClaims, error) {
	options := append([]jwt.ParserOption{
		jwt.WithValidMethods(algorithms()), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(leeway), jwt.WithStrictDecoding(),
		jwt.WithJSONNumber(), jwt.WithTimeFunc(now),
	}, more...)
	claims := jwt.MapClaims{}
	var unknown error
	_, err := jwt.NewParser(options...).ParseWithClaims(raw, claims, func(*jwt.Token) (any, error) {
		var k any
		k, unknown = key()
		return k, unknown
	})
	switch {
	case unknown != nil:
		return nil, unknown
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return nil, refuse("its signature is not that of the key")
	case errors.Is(err, jwt.ErrTokenExpired):
		return nil, &expired{}
	case err != nil:
		return nil, refuse("its claims are not those that are wanted")
	}
	return claims, nil
}

// expired is a Refused of which more can be said.
type expired struct{}

func (*expired) Error() string { return "token: refused: it has expired" }
func (*expired) As(target any) bool {
	r, ok := target.(**Refused)
	if ok {
		*r = &Refused{"it has expired"}
	}
	return ok
}

// text is a claim that is a string; "" where it is missing.
func text(claims map[string]any, name string) (string, error) {
	value, there := claims[name]
	if !there {
		return "", nil
	}
	s, ok := value.(string)
	if !ok || s == "" || !utf8.ValidString(s) {
		return "", refuse("the claim " + name + " is no string")
	}
	return s, nil
}

// moment is a claim that is a time (NumericDate of RFC 7519); zero where it is missing.
func moment(claims map[string]any, name string) (time.Time, error) {
	value, there := claims[name]
	if !there {
		return time.Time{}, nil
	}
	n, ok := value.(json.Number)
	if !ok {
		return time.Time{}, refuse("the claim " + name + " is no number")
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1<<40 {
		return time.Time{}, refuse("the claim " + name + " is no time")
	}
	return time.Unix(int64(f), 0).UTC(), nil
}

// sole is a claim that is one string, or an array of one.
func sole(claims map[string]any, name string) (string, error) {
	if list, ok := claims[name].([]any); ok {
		if len(list) != 1 {
			return "", refuse("the claim " + name + " has not one value")
		}
		claims = map[string]any{name: list[0]}
	}
	return text(claims, name)
}
