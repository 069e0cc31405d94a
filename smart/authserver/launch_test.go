package authserver

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// ehr registers a trusted client and gives its Basic credentials.
func (b *bench) ehr() string {
	b.Helper()
	secret := ""
	b.client(func(c *Client) { c.ID, c.Type, c.Trusted = "ehr", Symmetric, true; secret = c.NewSecret() })
	return basic("ehr", secret)
}

const launchBody = `{"client_id":"app","patient":"Patient/cat","encounter":"visit","intent":"reconcile","need_patient_banner":false,
	"fhirContext":[{"reference":"ImagingStudy/1","role":"https://example.org/study"}, {"canonical":"http://q|1"}],"user":"doc"}`

// TestEHRLaunch: what the EHR says of its session comes with the token.
func TestEHRLaunch(t *testing.T) {
	b := open(t)
	b.client(func(c *Client) { c.LaunchURL = "https://app.example.org/launch?x=1" })
	auth := b.ehr()
	b.user("doc", "Practitioner/doc", "practitioner")
	b.user("ann", "Patient/ann", "patient")
	status, out, _ := b.sendBody(http.MethodPost, "/auth/launch", strings.NewReader(launchBody), "Content-Type", "application/json", "Authorization", auth)
	handle, _ := out["launch"].(string)
	if status != 200 || len(handle) != 43 || out["expires_in"] != 300.0 || out["iss"] != b.base {
		t.Fatal(status, out)
	}
	if want := "https://app.example.org/launch?x=1&" + (url.Values{"iss": {b.base}, "launch": {handle}}).Encode(); out["launch_url"] != want {
		t.Error(out["launch_url"])
	}
	w := b.browser()
	ask := func() url.Values {
		return b.asks("launch launch/patient launch/encounter openid fhirUser patient/*.rs", func(v url.Values) { v.Set("launch", handle) })
	}
	p := w.signIn(w.get(b.root+"/auth/authorize?"+ask().Encode()), "doc")
	if !strings.Contains(p.text, "Cat Cole") {
		t.Error("the consent page does not name the patient")
	}
	status, out = b.exchange(w.code(w.decide(p, "allow", nil)))
	want := []any{map[string]any{"reference": "ImagingStudy/1", "role": "https://example.org/study"}, map[string]any{"canonical": "http://q|1"}}
	if status != 200 || out["patient"] != "cat" || out["encounter"] != "visit" || out["intent"] != "reconcile" || out["need_patient_banner"] != false || !reflect.DeepEqual(out["fhirContext"], want) {
		t.Fatal(status, out)
	}
	if !hasScope(out["scope"].(string), "launch") || !hasScope(out["scope"].(string), "launch/encounter") {
		t.Error(out["scope"])
	}
	if status, who := b.who(out["access_token"].(string)); status != 200 || who["Encounter"] != "visit" {
		t.Error(status, who)
	}
	w.wantError(w.get(b.root+"/auth/authorize?"+ask().Encode()), invalidRequest) // the handle has been used
	if !slices.ContainsFunc(b.events(), func(e string) bool { return strings.Contains(e, "launch") }) {
		t.Error("the audit trail does not tell of the launch")
	}
}

// TestLaunchIsBound: to the app, the user and a few minutes.
func TestLaunchIsBound(t *testing.T) {
	b := open(t)
	b.client()
	b.client(func(c *Client) { c.ID = "other" })
	auth := b.ehr()
	b.user("doc", "Practitioner/doc", "practitioner")
	b.user("ann", "Patient/ann", "patient")
	launch := func() string {
		status, out, _ := b.send(http.MethodPost, "/auth/launch", url.Values{"client_id": {"app"}, "patient": {"cat"}, "user": {"doc"}, "need_patient_banner": {"true"}}, "Authorization", auth)
		if status != 200 {
			t.Fatal(status, out)
		}
		return out["launch"].(string)
	}
	handle := launch()
	w := b.browser()
	with := func(handle, client string) string {
		return b.root + "/auth/authorize?" + b.asks("launch openid", func(v url.Values) { v.Set("launch", handle); v.Set("client_id", client) }).Encode()
	}
	w.wantError(w.get(with(handle, "other")), invalidRequest)
	p := w.signIn(w.get(with(handle, "app")), "ann") // another app could not use it up
	w.wantError(p, accessDenied)
	handle = launch()
	b.clock.Add(launchIs)
	w.wantError(w.get(with(handle, "app")), invalidRequest)
	handle = launch()
	if won := race(50, func() bool {
		one := b.browser()
		return one.get(with(handle, "app")).url.Query().Get("error") == ""
	}); won != 1 {
		t.Errorf("%d requests have used one handle", won)
	}
}

func TestLaunchErrors(t *testing.T) {
	b := open(t)
	b.client()
	auth := b.ehr()
	plain := ""
	b.client(func(c *Client) { c.ID, c.Type = "plain", Symmetric; plain = c.NewSecret() })
	for _, one := range []struct {
		name, body, auth string
		status           int
		code             string
	}{
		{"not trusted", `{"client_id":"app"}`, basic("plain", plain), 403, unauthorizedClient},
		{"nobody", `{"client_id":"app"}`, "", 401, invalidClient},
		{"a wrong secret", `{"client_id":"app"}`, basic("ehr", "x"), 401, invalidClient},
		{"a token that is none", `{"client_id":"app"}`, "Bearer x", 401, invalidToken},
		{"no app", `{}`, auth, 400, invalidRequest},
		{"an unknown app", `{"client_id":"nobody"}`, auth, 400, invalidRequest},
		{"an unknown patient", `{"client_id":"app","patient":"nobody"}`, auth, 400, invalidRequest},
		{"an id that is none", `{"client_id":"app","patient":"a/b"}`, auth, 400, invalidRequest},
		{"an unknown encounter", `{"client_id":"app","encounter":"x"}`, auth, 400, invalidRequest},
		{"another's encounter", `{"client_id":"app","patient":"ann","encounter":"visit"}`, auth, 400, invalidRequest},
		{"an unknown user", `{"client_id":"app","user":"nobody"}`, auth, 400, invalidRequest},
		{"an unknown property", `{"client_id":"app","Patient":"ann","x":1}`, auth, 400, invalidRequest},
		{"twice", `{"client_id":"app","patient":"ann","patient":"bob"}`, auth, 400, invalidRequest},
		{"an array", `[]`, auth, 400, invalidRequest},
		{"more than one", `{"client_id":"app"}{}`, auth, 400, invalidRequest},
		{"banner", `{"client_id":"app","need_patient_banner":"yes"}`, auth, 400, invalidRequest},
		{"context without a reference", `{"client_id":"app","fhirContext":[{"role":"http://x"}]}`, auth, 400, invalidRequest},
		{"a patient in the context", `{"client_id":"app","fhirContext":[{"reference":"Patient/ann"}]}`, auth, 400, invalidRequest},
		{"context that is no array", `{"client_id":"app","fhirContext":{}}`, auth, 400, invalidRequest},
	} {
		t.Run(one.name, func(t *testing.T) {
			header := []string{"Content-Type", "application/json"}
			if one.auth != "" {
				header = append(header, "Authorization", one.auth)
			}
			status, out, _ := b.sendBody(http.MethodPost, "/auth/launch", strings.NewReader(one.body), header...)
			if status != one.status || out["error"] != one.code {
				t.Error(status, out)
			}
		})
	}
}
