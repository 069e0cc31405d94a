package authserver

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
	"andiron.dev/smart/token"
)

// Config says what an authorization server works with. Store, Base, Secrets and Accounts are required.
type Config struct {
	Store fhir.Store // unguarded: records, and patients under the rights of the user that Access gives
	// Base is the FHIR base as clients see it, without a slash at its end: the issuer and the only audience. r may be nil.
	Base    func(r *http.Request) string
	Secrets Secrets
	// Accounts are the local users and their sessions.
	Accounts *account.Accounts
	// Assertions checks what clients prove their identity with; nil = no client may use private_key_jwt.
	Assertions *token.Assertions
	// External recognises access tokens of other issuers; nil = there are none.
	External External
	// Guarded is the store as the principal in the context may see it, for the patient picker; nil = no picker.
	Guarded fhir.Store
	Spec    *r4.Spec       // with Params: scopes are checked against them when they are asked for; nil = they are not
	Params  *search.Params // search parameters of Store

	LoginConfig

	AllowRegister bool // /auth/register is open (RFC 7591)

	// Address is the network address that a request came from, behind whatever proxies there are; nil = that of the connection.
	Address func(*http.Request) string

	Now func() time.Time // nil = time.Now
	Log *slog.Logger     // nil = none
}

// Secrets encrypts what the server has to be able to read again: private keys, seeds. about is bound to the text, so that a value
// cannot be moved to another place.
type Secrets interface {
	Seal(plain, about []byte) ([]byte, error)
	Open(sealed, about []byte) ([]byte, error)
}

// External recognises access tokens that another issuer has made.
type External interface {
	// Authenticate says who brings the token. Errors: Login, Expired; Transient where the issuer cannot be asked.
	Authenticate(ctx context.Context, token string) (*smart.Principal, error)
}

// Server is an authorization server.
type Server struct {
	config  Config
	handler http.Handler
	tokens  tokenCache
	keys    keyRing
	origins originSet
	pages   pageSet

	providers providerSet
}

// signIn is what an authorization request wants of a login beyond that there is one.
type signIn struct {
	After time.Time // auth_time must not be before; zero = whenever
	ACR   []string  // acr_values, the best liked first: one of them is needed; nil = any
	User  string    // id of the only user who will do; "" = any
}

// Path is where the authorization server is, beside the FHIR base.
const Path = "/auth"

// New makes an authorization server. It makes its first signing key when it needs one.
func New(config Config) (*Server, error) {
	if config.Store == nil || config.Base == nil || config.Secrets == nil || config.Accounts == nil {
		return nil, errors.New("an authorization server needs a store, a base URL, a sealer of secrets and accounts")
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{config: config}
	s.mount()
	return s, nil
}

// Handler serves /auth/*, /.well-known/* and {base}/.well-known/*.
func (s *Server) Handler() http.Handler { return s.handler }

// base is the FHIR base, which is the issuer.
func (s *Server) base(r *http.Request) string { return strings.TrimSuffix(s.config.Base(r), "/") }

// url is an endpoint of the authorization server as clients see it: /auth stands where the FHIR base has its last segment.
func (s *Server) url(r *http.Request, endpoint string) string {
	u, err := url.Parse(s.base(r))
	if err != nil {
		return Path + endpoint
	}
	at := strings.LastIndexByte(u.Path, '/')
	if at < 0 {
		at = 0
	}
	return u.Scheme + "://" + u.Host + u.Path[:at] + Path + endpoint
}
