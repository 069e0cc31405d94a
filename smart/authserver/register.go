package authserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"andiron.dev/smart/secret"
)

// registration is what of RFC 7591 §2 is understood. Other metadata are ignored, as the RFC has it.
type registration struct {
	ID           string          `json:"client_id,omitempty"`
	Secret       string          `json:"client_secret,omitempty"`
	IssuedAt     int64           `json:"client_id_issued_at,omitempty"`
	ExpiresAt    *int64          `json:"client_secret_expires_at,omitempty"` // with a secret; 0 = never
	Name         string          `json:"client_name,omitempty"`
	RedirectURIs []string        `json:"redirect_uris,omitempty"`
	Method       string          `json:"token_endpoint_auth_method,omitempty"`
	Grants       []string        `json:"grant_types,omitempty"`
	Responses    []string        `json:"response_types,omitempty"`
	Scope        string          `json:"scope,omitempty"`
	JWKS         json.RawMessage `json:"jwks,omitempty"`
	JWKSURI      string          `json:"jwks_uri,omitempty"`
	LaunchURL    string          `json:"initiate_login_uri,omitempty"`
}

// registrable is the most that a client which nobody has vouched for may ask for: users decide the rest.
const registrable = "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.rs user/*.rs"

// register enters a client that nobody has vouched for (RFC 7591), where that is allowed.
func (s *Server) register(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	n, secret, err := s.registered(r)
	if err == nil {
		clients := &Clients{Store: s.config.Store, Now: s.config.Now}
		err = clients.Add(ctx, n)
	}
	if err != nil {
		s.fail(ctx, w, asMetadata(err))
		return
	}
	out := &registration{
		ID: n.ID, IssuedAt: n.Created.Unix(), Name: n.Name, RedirectURIs: n.RedirectURIs, Method: methodOf(n.Type), Grants: n.Grants,
		Responses: []string{"code"}, Scope: n.Scope, JWKS: n.JWKS, JWKSURI: n.JWKSURL, LaunchURL: n.LaunchURL,
	}
	if secret != "" {
		out.Secret, out.ExpiresAt = secret, new(int64)
	}
	answer(w, http.StatusCreated, out)
}

// asMetadata gives what is wrong with a client the codes of RFC 7591 §3.2.2.
func asMetadata(err error) error {
	if fhir.CodeOf(err) != fhir.Invalid {
		return err
	}
	o := fhir.AsOutcome(err)
	code := invalidClientMetadata
	if slices.Contains(o.Issues[0].Expression, "redirect_uris") {
		code = invalidRedirectURI
	}
	return refuse(code, o.Issues[0].Text)
}

func (s *Server) registered(r *http.Request) (*Client, string, error) {
	if media := r.Header.Get("Content-Type"); !strings.HasPrefix(media, "application/json") {
		return nil, "", refuse(invalidClientMetadata, "the body must be application/json")
	}
	text, err := body(r)
	if err != nil {
		return nil, "", err
	}
	in := &registration{}
	if _, err := object(text); err != nil {
		return nil, "", err
	}
	if json.Unmarshal([]byte(text), in) != nil {
		return nil, "", refuse(invalidClientMetadata, "a property is not of the type that RFC 7591 gives it")
	}
	n := &Client{
		ID: secret.NewID(), Name: in.Name, Grants: in.Grants, RedirectURIs: in.RedirectURIs, JWKS: in.JWKS, JWKSURL: in.JWKSURI,
		LaunchURL: in.LaunchURL, Registered: true, Status: Active,
	}
	if string(n.JWKS) == "null" {
		n.JWKS = nil
	}
	if len(n.Grants) == 0 {
		n.Grants = []string{GrantCode}
	}
	if slices.Contains(n.Grants, GrantClient) {
		return nil, "", refuse(invalidClientMetadata, "client_credentials is for clients that an administrator has entered")
	}
	if slices.ContainsFunc(in.Responses, func(one string) bool { return one != "code" }) {
		return nil, "", refuse(invalidClientMetadata, "the only response type is code")
	}
	for _, uri := range n.RedirectURIs {
		if origin := originOf(uri); origin != "" && !slices.Contains(n.Origins, origin) && validRedirect(uri) == "" {
			n.Origins = append(n.Origins, origin)
		}
	}
	secret := ""
	switch in.Method {
	case "none":
		n.Type = Public
	case "", "client_secret_basic":
		n.Type = Symmetric
		secret = n.NewSecret()
	case "private_key_jwt":
		n.Type = Asymmetric
	default:
		return nil, "", refuse(invalidClientMetadata, "token_endpoint_auth_method is one of client_secret_basic, private_key_jwt and none")
	}
	if n.Scope, err = registrableScope(in.Scope); err != nil {
		return nil, "", err
	}
	return n, secret, nil
}

func registrableScope(asked string) (string, error) {
	most, _ := smart.ParseScopes(registrable)
	if asked == "" {
		return most.String(), nil
	}
	list, err := understood(asked)
	if err == nil {
		list = list.Intersect(most)
	}
	if err != nil || len(list) == 0 {
		return "", refuse(invalidClientMetadata, "none of the scopes can be registered for; at most there are: "+registrable)
	}
	return list.String(), nil
}

// methodOf names a client type as RFC 7591 does.
func methodOf(t ClientType) string {
	switch t {
	case Symmetric:
		return "client_secret_basic"
	case Asymmetric:
		return "private_key_jwt"
	}
	return "none"
}
