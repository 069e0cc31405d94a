package conformance

import (
	"strings"

	"andiron.dev/fhir"
)

// oauthURIs is the extension in which SMART 1 had the endpoints. Clients of today read .well-known/smart-configuration.
const oauthURIs = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"

// security says how requests are authorized, where they are (http://hl7.org/fhir/R4/security.html).
func (s *Statement) security(w *fhir.Writer, base string) {
	if !s.SMART {
		return
	}
	auth := strings.TrimSuffix(base, "/fhir") + "/auth/"
	w.Name("security").Object()
	w.Name("extension").Array().Object().Name("extension").Array()
	for _, e := range []string{"authorize", "token", "introspect", "revoke", "manage"} {
		w.Object().Name("url").String(e).Name("valueUri").String(auth + e).EndObject()
	}
	w.EndArray().Name("url").String(oauthURIs).EndObject().EndArray()
	w.Name("cors").Bool(true)
	w.Name("service").Array().Object().Name("coding").Array().Object().
		Name("system").String("http://terminology.hl7.org/CodeSystem/restful-security-service").Name("code").String("SMART-on-FHIR").Name("display").String("SMART-on-FHIR").
		EndObject().EndArray().Name("text").String("OAuth2 using SMART-on-FHIR profile (see http://docs.smarthealthit.org)").EndObject().EndArray()
	w.Name("description").String("Requests carry an access token of SMART App Launch 2.2; .well-known/smart-configuration says where to get one. Web pages of origins that a client has registered may call the API.")
	w.EndObject()
}
