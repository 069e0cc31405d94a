package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/server"
	"andiron.dev/smart/account"
	"andiron.dev/smart/authserver"
)

// demoPassword is everybody's in the demo hospital, which is why it opens on a loopback address only.
const demoPassword = "the-fire-needs-an-andiron"

// demoUsers are people of the demo hospital.
func demoUsers() []account.NewUser {
	return []account.NewUser{
		{Username: "admin", Name: "Ada Min", Roles: []string{"admin"}},
		{Username: "lee", Name: "Dr. Lee", FhirUser: "Practitioner/dr-lee", Roles: []string{"practitioner"}},
		{Username: "joy", Name: "Joy Adeyemi", FhirUser: "Practitioner/nurse-joy", Roles: []string{"nurse"}},
		{Username: "ana", Name: "Ana", FhirUser: "Patient/pat-ana", Roles: []string{"patient"}},
	}
}

// demoEHR is the client id of the demo's EHR.
const demoEHR = "demo-ehr"

// demoClients are the apps of the demo hospital: one in a browser, and an EHR on a server, which may launch the other.
func demoClients() []*authserver.Client {
	return []*authserver.Client{
		{
			ID: "demo-app", Name: "Demo app", Type: authserver.Public, Status: authserver.Active,
			Grants: []string{authserver.GrantCode, authserver.GrantRefresh}, RedirectURIs: []string{"http://127.0.0.1/callback", "http://localhost/callback"},
			Origins: []string{"http://localhost:3000"},
			Scope:   "openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.cruds user/*.cruds",
		},
		{
			ID: demoEHR, Name: "Demo EHR", Type: authserver.Symmetric, Status: authserver.Active, Trusted: true,
			Grants: []string{authserver.GrantCode, authserver.GrantRefresh}, RedirectURIs: []string{"http://127.0.0.1/ehr"},
			Scope: "openid fhirUser profile launch offline_access online_access user/*.cruds",
		},
	}
}

// demoLogin is what a newcomer needs.
type demoLogin struct {
	token, secret string // of the administrator, for a day; of the EHR, where it has just been made
}

// demoPeople makes what is missing of users and clients, and a token to begin with.
func (a *authority) demoPeople(ctx context.Context) (*demoLogin, error) {
	out := &demoLogin{}
	by := account.System("andiron demo")
	for _, u := range demoUsers() {
		if _, err := a.accounts.ByUsername(ctx, u.Username); fhir.CodeOf(err) == fhir.NotFound {
			u.Password = demoPassword
			if _, err = a.accounts.Add(ctx, by, u); err != nil {
				return nil, fmt.Errorf("the demo's user %s: %w", u.Username, err)
			}
		} else if err != nil {
			return nil, err
		}
	}
	clients := &authserver.Clients{Store: a.store, Now: time.Now}
	for _, c := range demoClients() {
		_, err := clients.Get(ctx, c.ID)
		if err == nil {
			continue
		}
		if fhir.CodeOf(err) != fhir.NotFound {
			return nil, err
		}
		if c.Type == authserver.Symmetric {
			out.secret = c.NewSecret()
		}
		if err := clients.Add(ctx, c); err != nil {
			return nil, fmt.Errorf("the demo's client %s: %w", c.ID, plainly(err))
		}
	}
	issued, err := clients.IssueDevelopment(ctx, authserver.Development{Scope: "user/*.cruds", User: "admin", TTL: 24 * time.Hour})
	if err != nil {
		return nil, errors.Join(errors.New("a token for the demo"), plainly(err))
	}
	out.token = issued.AccessToken
	return out, nil
}

// words tells a newcomer who there is.
func (l *demoLogin) words(url string) string {
	root := strings.TrimSuffix(url, server.Path)
	text := "TOKEN is the administrator's, for a day. Users (password " + demoPassword + "): admin, lee (a doctor), joy (a nurse), ana (a patient).\nThey log in at " + root + "/auth/login.\n" +
		"Clients: demo-app (public, redirects to http://127.0.0.1:*/callback), " + demoEHR + " (confidential"
	if l.secret != "" {
		text += ", secret " + l.secret
	}
	return text + ").\n"
}
