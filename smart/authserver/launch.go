package authserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart/account"
	"andiron.dev/smart/audit"
	"andiron.dev/smart/secret"
)

// launching is what a trusted client says of the session from which it opens an app.
type launching struct {
	Client    string          `json:"client_id"` // the app
	Patient   string          `json:"patient"`   // id, or "Patient/ID"
	Encounter string          `json:"encounter"`
	Context   json.RawMessage `json:"fhirContext"`
	Intent    string          `json:"intent"`
	Banner    *bool           `json:"need_patient_banner"`
	User      string          `json:"user"` // username or id of the only user who may go on with it; "" = whoever signs in
}

// launched is the record of a launch handle.
type launched struct {
	Client string `json:"client"`
	By     string `json:"by"`
	User   string `json:"user,omitempty"` // id
	launchContext
	Created time.Time `json:"created"`
}

// launchAnswer is the answer to a trusted client.
type launchAnswer struct {
	Launch    string `json:"launch"`
	ExpiresIn int    `json:"expires_in"` // seconds
	Issuer    string `json:"iss"`
	URL       string `json:"launch_url,omitempty"` // where to open the app, if it has said where
}

// launch gives a trusted client, an EHR, the handle with which it opens an app in the context of its session (SMART App Launch 2.2
// §2.1.3). It authenticates as at the token endpoint, or with a token of its own; what it says is a form or a JSON object.
func (s *Server) launch(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	var l *launching
	by, values, err := s.launcher(w, r)
	if err == nil {
		l, err = readLaunch(values)
	}
	var a *launchAnswer
	if err == nil {
		a, err = s.keepLaunch(ctx, r, by, l)
	}
	if err != nil {
		s.fail(ctx, w, err)
		return
	}
	answer(w, http.StatusOK, a)
}

// launcher finds out who asks for a launch. client_id is the app, so that a client that authenticates in the body says who it is
// in its assertion.
func (s *Server) launcher(w http.ResponseWriter, r *http.Request) (*Client, map[string]json.RawMessage, error) {
	values, credentials, err := launchValues(r)
	if err != nil {
		return nil, nil, err
	}
	var c *Client
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		p, err := s.Authenticate(r.Context(), r)
		if err != nil {
			return nil, nil, unauthorized(err)
		}
		if p.Issuer == "" && p.Subject == clientSubject(p.ClientID) {
			if c, err = s.clientNow(r.Context(), p.ClientID); err != nil {
				return nil, nil, err
			}
		}
	} else if c, err = s.authenticateClient(w, r, credentials); err != nil {
		return nil, nil, err
	}
	if c == nil || !c.Confidential() || !c.Trusted {
		return nil, nil, &oauthError{Code: unauthorizedClient, Text: "only a trusted client may launch apps", status: http.StatusForbidden}
	}
	return c, values, nil
}

// launchValues reads the body, and parts what says who asks from what is asked for.
func launchValues(r *http.Request) (map[string]json.RawMessage, url.Values, error) {
	media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	values, credentials := make(map[string]json.RawMessage), url.Values{}
	if media != "application/json" {
		all, err := form(r)
		if err != nil {
			return nil, nil, err
		}
		for name, value := range all {
			switch {
			case name == "fhirContext" || name == "need_patient_banner":
				values[name] = json.RawMessage(value[0])
			default:
				values[name], _ = json.Marshal(value[0])
			}
		}
	} else {
		text, err := body(r)
		if err != nil {
			return nil, nil, err
		}
		if values, err = object(text); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range []string{"client_assertion", "client_assertion_type", "client_secret"} {
		if raw, ok := values[name]; ok {
			var value string
			if json.Unmarshal(raw, &value) != nil {
				return nil, nil, refuse(invalidRequest, name+" must be a string")
			}
			credentials.Set(name, value)
			delete(values, name)
		}
	}
	return values, credentials, nil
}

func readLaunch(values map[string]json.RawMessage) (*launching, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return nil, refuse(invalidRequest, "a value is not JSON")
	}
	l := &launching{}
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(l); err != nil {
		return nil, refuse(invalidRequest, "a launch has client_id, patient, encounter, fhirContext (an array), intent, need_patient_banner (true or false) and user, the others strings")
	}
	if l.Client == "" {
		return nil, refuse(invalidRequest, "client_id is missing: the app that is launched")
	}
	for _, one := range []struct {
		typ   string
		value *string
	}{{"Patient", &l.Patient}, {"Encounter", &l.Encounter}} {
		*one.value = strings.TrimPrefix(*one.value, one.typ+"/")
		if *one.value != "" && !fhir.ValidID(*one.value) {
			return nil, refuse(invalidRequest, strings.ToLower(one.typ)+" is not an id")
		}
	}
	if len(l.Intent) > maxPickerField {
		return nil, refuse(invalidRequest, "intent is too long")
	}
	return l, checkFhirContext(l)
}

// checkFhirContext checks what else is open (SMART App Launch 2.2 §2.1.8.1): each has a reference, a canonical or an identifier;
// patients and encounters have properties of their own, unless they play another role than the one launched with.
func checkFhirContext(l *launching) error {
	if len(l.Context) == 0 || string(l.Context) == "null" {
		l.Context = nil
		return nil
	}
	var list []struct {
		Reference  string          `json:"reference"`
		Canonical  string          `json:"canonical"`
		Identifier json.RawMessage `json:"identifier"`
		Type       string          `json:"type"`
		Role       *string         `json:"role"`
	}
	in := json.NewDecoder(bytes.NewReader(l.Context))
	in.DisallowUnknownFields()
	if err := in.Decode(&list); err != nil || len(list) > maxFhirContext {
		return refuse(invalidRequest, "fhirContext is an array of at most 32 objects with reference, canonical or identifier, and perhaps type and role")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return refuse(invalidRequest, "something follows the array fhirContext")
	}
	for i := range list {
		one := &list[i]
		if one.Reference == "" && one.Canonical == "" && len(one.Identifier) == 0 {
			return refuse(invalidRequest, "an item of fhirContext has neither reference nor canonical nor identifier")
		}
		if one.Role != nil && *one.Role == "" {
			return refuse(invalidRequest, "the role of an item of fhirContext is empty")
		}
		typ, _, _ := strings.Cut(one.Reference, "/")
		if (typ == "Patient" || typ == "Encounter") && (one.Role == nil || *one.Role == "launch") {
			return refuse(invalidRequest, "the patient and the encounter have properties of their own; in fhirContext they need another role than launch")
		}
	}
	if len(list) == 0 {
		l.Context = nil
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, l.Context); err != nil {
		return refuse(invalidRequest, "fhirContext is not JSON")
	}
	l.Context = compact.Bytes()
	return nil
}

// keepLaunch makes the handle.
func (s *Server) keepLaunch(ctx context.Context, r *http.Request, by *Client, l *launching) (*launchAnswer, error) {
	a := &launchAnswer{Launch: secret.NewToken(), ExpiresIn: int(launchIs / time.Second), Issuer: s.base(r)}
	err := s.config.Store.Update(ctx, nil, func(tx fhir.Tx) error {
		app, err := s.liveClient(ctx, tx, l.Client)
		if err != nil {
			return err
		}
		if app == nil || !app.May(GrantCode) {
			return refuse(invalidRequest, "there is no such app (client_id)")
		}
		if err := there(ctx, tx, l); err != nil {
			return err
		}
		now := s.config.Now().UTC()
		one := &launched{Client: app.ID, By: by.ID, Created: now, launchContext: launchContext{
			Patient: l.Patient, Encounter: l.Encounter, FhirContext: l.Context, Intent: l.Intent, Banner: l.Banner}}
		if l.User != "" {
			if one.User, err = userNamed(ctx, tx, l.User); err != nil {
				return err
			}
		}
		record := fhir.Record{Kind: launchRecord, Key: secret.Digest(a.Launch), Owner: clientSubject(by.ID), Expires: now.Add(launchIs)}
		if err := fhir.KeepValue(ctx, tx, record, one); err != nil {
			return err
		}
		if app.LaunchURL != "" {
			a.URL = withQuery(app.LaunchURL, url.Values{"iss": {a.Issuer}, "launch": {a.Launch}})
		}
		e := s.event(r, audit.Token, "launch", &grant{Client: by.ID, launchContext: one.launchContext})
		e.Name, e.Roles = by.Name, by.Roles
		return s.append(ctx, tx, e)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// there makes sure that the patient and the encounter exist and belong together.
func there(ctx context.Context, tx fhir.Reader, l *launching) error {
	if l.Patient != "" {
		if _, err := tx.Read(ctx, "Patient", l.Patient); fhir.Gone(err) {
			return refuse(invalidRequest, "there is no such patient")
		} else if err != nil {
			return err
		}
	}
	if l.Encounter == "" {
		return nil
	}
	e, err := tx.Read(ctx, "Encounter", l.Encounter)
	if fhir.Gone(err) {
		return refuse(invalidRequest, "there is no such encounter")
	} else if err != nil {
		return err
	}
	if l.Patient != "" && e.Root().Get("subject").Get("reference").Text() != "Patient/"+l.Patient {
		return refuse(invalidRequest, "the encounter is not of this patient")
	}
	return nil
}

// userNamed is the id of a user, by username or by id.
func userNamed(ctx context.Context, in fhir.RecordReader, name string) (string, error) {
	name = strings.TrimPrefix(name, "user:")
	u, err := account.ReadUsername(ctx, in, name)
	if absent(err) {
		u, err = account.ReadUser(ctx, in, name)
	}
	if absent(err) {
		return "", refuse(invalidRequest, "there is no such user")
	} else if err != nil {
		return "", err
	}
	return u.ID, nil
}

// takeLaunch consumes a handle. Another client's attempt leaves it as it is.
func (s *Server) takeLaunch(ctx context.Context, tx fhir.Tx, key, client string) (*launched, error) {
	l := &launched{}
	_, err := fetch(ctx, tx, launchRecord, key, l)
	switch {
	case absent(err) || err == nil && l.Client != client:
		return nil, refuse(invalidRequest, "launch is no handle that this server has given to the client, or it was used or has expired")
	case err != nil:
		return nil, err
	}
	return l, tx.Drop(ctx, launchRecord, key)
}
