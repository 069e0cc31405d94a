package token

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/smart"
	"github.com/golang-jwt/jwt/v5"
)

func (e *External) wanted() []jwt.ParserOption {
	return []jwt.ParserOption{jwt.WithIssuer(e.Issuer), jwt.WithAudience(e.Audience)}
}

// reader reads claims and keeps the first thing that is wrong with them: a claim of another form than is known could mean anything.
type reader struct {
	claims map[string]any
	err    error
}

func (c *reader) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *reader) text(name string) string {
	s, err := text(c.claims, name)
	if err != nil {
		c.fail(err)
	}
	return s
}

func (c *reader) needed(name string) string {
	s := c.text(name)
	if s == "" || len(s) > maxClaim {
		c.fail(refuse("the claim " + name + " is missing"))
	}
	return s
}

func (c *reader) moment(name string) time.Time {
	t, err := moment(c.claims, name)
	if err != nil {
		c.fail(err)
	}
	return t
}

// texts is a claim that is an array of strings, or one string.
func (c *reader) texts(name string) []string {
	switch v := c.claims[name].(type) {
	case nil:
		return nil
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				c.fail(refuse("the claim " + name + " holds something else than strings"))
			}
			list = append(list, s)
		}
		return list
	}
	c.fail(refuse("the claim " + name + " is no list of strings"))
	return nil
}

// scope is what the token grants: "scope" (RFC 9068), or "scp", which some issuers have in its place.
func (c *reader) scope() string {
	_, standard := c.claims["scope"]
	_, other := c.claims["scp"]
	name := "scope"
	switch {
	case standard && other:
		c.fail(refuse("it has both scope and scp"))
	case other:
		name = "scp"
	}
	return strings.Join(c.texts(name), " ")
}

// contextsOf are the contexts of the scopes on resources.
func contextsOf(scopes smart.Scopes) map[smart.ScopeContext]bool {
	found := make(map[smart.ScopeContext]bool)
	for i := range scopes {
		if scopes[i].Kind == smart.ResourceScope {
			found[scopes[i].Context] = true
		}
	}
	return found
}

// at is the claim at a path: the claim with the whole path as its name, or what its steps lead to.
func (c *reader) at(path string) (any, bool) {
	if v, ok := c.claims[path]; ok {
		return v, true
	}
	var value any = c.claims
	for step := range strings.SplitSeq(path, ".") {
		object, ok := value.(map[string]any)
		if !ok {
			if m, is := value.(jwt.MapClaims); is {
				object = m
			} else {
				return nil, false
			}
		}
		if value, ok = object[step]; !ok {
			return nil, false
		}
	}
	return value, true
}

// id is a claim that is the id of a resource; "" where it is missing.
func (c *reader) id(path string) string {
	value, there := c.at(path)
	if !there {
		return ""
	}
	s, ok := value.(string)
	if !ok || !fhir.ValidID(s) {
		c.fail(refuse("the claim " + path + " is no id"))
		return ""
	}
	return s
}

// patient is the id of the patient in context.
func (c *reader) patient(path string) string {
	if path != "" {
		return c.id(path)
	}
	standard, other := c.id("patient"), c.id("launch_response_patient")
	switch {
	case standard == "":
		return other
	case other != "" && other != standard:
		c.fail(refuse("it has two patients"))
	}
	return standard
}

// fhirUser is who the user is in the records here, as "Practitioner/1".
func (c *reader) fhirUser(base string) string {
	said := c.text("fhirUser")
	if said == "" {
		return ""
	}
	said = strings.TrimPrefix(said, strings.TrimSuffix(base, "/")+"/")
	typ, id, _ := strings.Cut(said, "/")
	switch typ {
	case "Patient", "Practitioner", "PractitionerRole", "RelatedPerson", "Person":
		if fhir.ValidID(id) {
			return said
		}
	}
	c.fail(refuse("its fhirUser is nobody of this server"))
	return ""
}

// object reads a JSON object whose numbers keep their digits.
func object(text []byte) (map[string]any, error) {
	if err := strictJSON(text); err != nil {
		return nil, err
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, err
	}
	return m, nil
}
