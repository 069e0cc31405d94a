package authserver

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"andiron.dev/smart/account"
)

// TestBreakGlass: a clinician with a fresh second factor, in a trusted client, gets to read one record for an hour.
func TestBreakGlass(t *testing.T) {
	b := open(t)
	secret := ""
	b.client(func(c *Client) { c.Type, c.Trusted = Symmetric, true; secret = c.NewSecret() })
	b.client(func(c *Client) { c.ID = "third" })
	doc, ann := b.user("doc", "Practitioner/doc", "practitioner"), b.user("ann", "Patient/ann", "patient")
	issue := func(user *account.User, client string, mfa time.Duration) string {
		code := b.grant(user, "openid user/*.cruds", func(g *grant) {
			g.Client = client
			if mfa >= 0 {
				g.ACR, g.MFATime = account.ACRMulti, b.clock.Now().Add(-mfa)
			}
		})
		v := url.Values{"grant_type": {GrantCode}, "code": {code}, "redirect_uri": {appRedirect}, "code_verifier": {verifier}}
		var header []string
		if client == "app" {
			header = []string{"Authorization", basic("app", secret)}
		} else {
			v.Set("client_id", client)
		}
		_, out, _ := b.send(http.MethodPost, "/auth/token", v, header...)
		return out["access_token"].(string)
	}
	ask := func(token string, change ...string) (int, map[string]any, http.Header) {
		v := url.Values{"patient": {"cat"}, "reason": {"unconscious in the emergency room"}}
		for i := 0; i < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return b.send(http.MethodPost, "/auth/break-glass", v, "Authorization", "Bearer "+token)
	}
	good := issue(doc, "app", 4*time.Minute)
	status, out, _ := ask(good)
	if status != 200 || out["scope"] != "user/*.rs" || out["expires_in"] != 3600.0 || out["refresh_token"] != nil || out["patient"] != "cat" {
		t.Fatal(status, out)
	}
	glass := out["access_token"].(string)
	if status, who := b.who(glass); status != 200 || who["BreakGlass"] != "cat" || who["Purpose"] != "ETREAT" || who["Subject"] != "user:"+doc.ID {
		t.Error(status, who)
	}
	trail := strings.Join(b.events(), "\n")
	if !strings.Contains(trail, "unconscious in the emergency room") {
		t.Error("the audit trail does not tell why")
	}
	for name, one := range map[string]struct {
		token  string
		change []string
		status int
		code   string
	}{
		"an old second factor":  {issue(doc, "app", 6*time.Minute), nil, 401, insufficientUserAuth},
		"no second factor":      {issue(doc, "app", -1), nil, 401, insufficientUserAuth},
		"another app":           {issue(doc, "third", 0), nil, 403, accessDenied},
		"a patient":             {issue(ann, "app", 0), nil, 403, accessDenied},
		"with such a token":     {glass, nil, 403, accessDenied},
		"no token":              {rand.Text(), nil, 401, invalidToken},
		"no reason":             {good, []string{"reason", " "}, 400, invalidRequest},
		"no patient":            {good, []string{"patient", ""}, 400, invalidRequest},
		"an unknown patient":    {good, []string{"patient", "nobody"}, 400, invalidRequest},
		"for another purpose":   {good, []string{"purpose_of_use", "HMARKT"}, 400, invalidRequest},
		"an id that could lead": {good, []string{"patient", "../x"}, 400, invalidRequest},
	} {
		status, out, h := ask(one.token, one.change...)
		if status != one.status || out["error"] != one.code {
			t.Errorf("%s: %d %v", name, status, out)
		}
		if one.code == insufficientUserAuth && !strings.Contains(h.Get("WWW-Authenticate"), "max_age=300") {
			t.Errorf("%s: %v", name, h)
		}
	}
	if status, _, _ := b.send(http.MethodPost, "/auth/revoke", url.Values{"token": {glass}}, "Authorization", basic("app", secret)); status != 200 {
		t.Error(status)
	}
	if status, _ := b.who(glass); status != 401 {
		t.Error("the token is good after the glass was closed")
	}
}
