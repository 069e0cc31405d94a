package authserver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// capabilities are those of SMART App Launch 2.2 §2.4.1 that this server has.
func (s *Server) capabilities() []string {
	list := []string{
		"launch-ehr", "launch-standalone", "authorize-post",
		"client-public", "client-confidential-symmetric",
		"sso-openid-connect",
		"context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter",
		"permission-offline", "permission-online", "permission-patient", "permission-user", "permission-v1", "permission-v2",
	}
	if s.config.Assertions != nil {
		list = append(list, "client-confidential-asymmetric")
	}
	if s.config.Guarded != nil {
		list = append(list, "context-standalone-patient")
	}
	slices.Sort(list)
	return list
}

// metadata is what both kinds of discovery say: RFC 8414, OpenID Connect Discovery 1.0 and SMART App Launch 2.2 §2.5.
func (s *Server) metadata(r *http.Request) map[string]any {
	methods, grants := []string{"client_secret_basic", "none"}, []string{GrantCode, GrantRefresh}
	m := map[string]any{
		"issuer":                                         s.base(r),
		"jwks_uri":                                       s.url(r, "/jwks"),
		"authorization_endpoint":                         s.url(r, "/authorize"),
		"token_endpoint":                                 s.url(r, "/token"),
		"introspection_endpoint":                         s.url(r, "/introspect"),
		"revocation_endpoint":                            s.url(r, "/revoke"),
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{jwt.SigningMethodRS256.Alg()},
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               scopesSupported(),
		"acr_values_supported":                           acrValues(),
		"claims_supported":                               []string{"iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "amr", "fhirUser", "name", "preferred_username"},
		"prompt_values_supported":                        []string{"none", "login", "consent", "select_account"},
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"claims_parameter_supported":                     false,
		"authorization_response_iss_parameter_supported": true,
	}
	if s.config.Assertions != nil {
		methods = append(methods, "private_key_jwt")
		grants = append(grants, GrantClient)
		algs := assertionAlgs()
		m["token_endpoint_auth_signing_alg_values_supported"] = algs
		m["introspection_endpoint_auth_signing_alg_values_supported"] = algs
		m["revocation_endpoint_auth_signing_alg_values_supported"] = algs
	}
	m["grant_types_supported"] = grants
	m["token_endpoint_auth_methods_supported"] = methods
	m["revocation_endpoint_auth_methods_supported"] = methods
	m["introspection_endpoint_auth_methods_supported"] = slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "none" })
	if s.config.AllowRegister {
		m["registration_endpoint"] = s.url(r, "/register")
	}
	return m
}

// scopesSupported are scopes that can be asked for: any resource type does instead of "*", and any search parameter of the type
// that is no modifier can narrow it.
func scopesSupported() []string {
	return []string{
		"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access",
		"patient/*.cruds", "patient/*.rs", "patient/*.read", "patient/*.write", "patient/*.*",
		"user/*.cruds", "user/*.rs", "user/*.read", "user/*.write", "user/*.*",
		"system/*.cruds", "system/*.rs", "system/*.read", "system/*.write", "system/*.*",
	}
}

// smartConfiguration serves {base}/.well-known/smart-configuration.
func (s *Server) smartConfiguration(w http.ResponseWriter, r *http.Request) {
	m := s.metadata(r)
	m["capabilities"] = s.capabilities()
	m["management_endpoint"] = s.url(r, "/manage")
	publish(w, r, m)
}

// openidConfiguration serves the metadata of OpenID Connect and RFC 8414.
func (s *Server) openidConfiguration(w http.ResponseWriter, r *http.Request) {
	publish(w, r, s.metadata(r))
}

// publish sends a document that is for everybody, whatever Accept says.
func publish(w http.ResponseWriter, r *http.Request, body any) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		h.Set("Access-Control-Allow-Methods", "GET, HEAD")
		h.Set("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "3600")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	text, err := json.Marshal(body)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(text)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if r.Method == http.MethodGet {
		_, _ = w.Write(text)
	}
}
