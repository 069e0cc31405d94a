package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"andiron.dev/smart/token"
	"github.com/go-jose/go-jose/v4"
)

// tokenGetCommand is a client of SMART Backend Services: it proves who it is with its private key, and gets an access token. Any server
// will do that has a .well-known/smart-configuration.
type tokenGetCommand struct {
	outputFlags
	Server string `required:"" help:"FHIR base of the server." placeholder:"URL"`
	Client string `required:"" help:"Id that the client is registered by." placeholder:"ID"`
	Key    string `required:"" help:"File with its private key, as client keygen makes it." placeholder:"FILE"`
	Scope  string `required:"" help:"What the token is to be good for: \"system/Observation.cu\"." placeholder:"SCOPES"`
}

// Run gets a token and prints it.
func (c *tokenGetCommand) Run(ctx context.Context, t *terminal) error {
	text, err := os.ReadFile(c.Key)
	if err != nil {
		return err
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(text, &key); err != nil || key.IsPublic() || !key.Valid() {
		return fmt.Errorf("%s holds no private JSON Web Key", c.Key)
	}
	var conf struct {
		TokenEndpoint string `json:"token_endpoint"`
	}
	if err := exchange(ctx, http.MethodGet, strings.TrimSuffix(c.Server, "/")+"/.well-known/smart-configuration", nil, &conf); err != nil {
		return err
	}
	assertion, err := token.Assert(&key, c.Client, conf.TokenEndpoint, time.Now())
	if err != nil {
		return err
	}
	var got map[string]any
	if err := exchange(ctx, http.MethodPost, conf.TokenEndpoint, url.Values{
		"grant_type": {"client_credentials"}, "scope": {c.Scope}, "client_assertion_type": {token.AssertionType}, "client_assertion": {assertion},
	}, &got); err != nil {
		return err
	}
	return c.print(t.out, got, func(w io.Writer) { fmt.Fprintln(w, got["access_token"]) })
}

// exchange sends a form, or nothing, and reads the JSON that is answered.
func exchange(ctx context.Context, method, to string, form url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, to, strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		var refused struct {
			Error string `json:"error"`
			Text  string `json:"error_description"`
		}
		if json.Unmarshal(body, &refused) == nil && refused.Error != "" {
			return fmt.Errorf("%s: %s: %s", to, refused.Error, refused.Text)
		}
		return fmt.Errorf("%s: %s", to, resp.Status)
	}
	if json.Unmarshal(body, into) != nil {
		return errors.New(to + " does not answer with JSON")
	}
	return nil
}
