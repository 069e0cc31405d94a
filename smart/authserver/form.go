package authserver

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxForm bounds the body of a request in bytes: a client assertion and many granular scopes fit in.
const maxForm = 64 << 10

// form reads the parameters of a POST. A parameter that comes twice is refused, because its readers could pick different ones
// (RFC 6749 §3.2); repeatable names those that are lists.
func form(r *http.Request, repeatable ...string) (url.Values, error) {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/x-www-form-urlencoded" {
		return nil, refuse(invalidRequest, "the body must be application/x-www-form-urlencoded")
	}
	if r.URL.RawQuery != "" {
		return nil, refuse(invalidRequest, "parameters belong into the body, not into the URL")
	}
	text, err := body(r)
	if err != nil {
		return nil, err
	}
	return parameters(text, repeatable...)
}

func body(r *http.Request) (string, error) {
	text, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxForm))
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &big):
		return "", &oauthError{Code: invalidRequest, Text: "the body is too large", status: http.StatusRequestEntityTooLarge}
	case err != nil:
		return "", refuse(invalidRequest, "the body could not be read")
	}
	return string(text), nil
}

// parameters parses a query or a form.
func parameters(text string, repeatable ...string) (url.Values, error) {
	values, err := url.ParseQuery(text)
	if err != nil {
		return nil, refuse(invalidRequest, "the parameters are not well-formed")
	}
	list := make(map[string]bool, len(repeatable))
	for _, name := range repeatable {
		list[name] = true
	}
	for name, all := range values {
		if len(all) > 1 && !list[name] {
			return nil, refuse(invalidRequest, "a parameter is repeated")
		}
		for _, value := range all {
			if !utf8.ValidString(value) {
				return nil, refuse(invalidRequest, "a parameter is not UTF-8")
			}
		}
	}
	return values, nil
}

// object reads a JSON object. A name that comes twice is refused: encoding/json would let the last one win.
func object(text string) (map[string]json.RawMessage, error) {
	wrong := refuse(invalidRequest, "the body is not a JSON object")
	in := json.NewDecoder(strings.NewReader(text))
	if start, err := in.Token(); err != nil || start != json.Delim('{') || !utf8.ValidString(text) {
		return nil, wrong
	}
	values := make(map[string]json.RawMessage)
	for in.More() {
		name, err := in.Token()
		if err != nil {
			return nil, wrong
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, wrong
		}
		key, _ := name.(string)
		if _, twice := values[key]; twice {
			return nil, refuse(invalidRequest, "a property is repeated")
		}
		values[key] = value
	}
	if _, err := in.Token(); err != nil {
		return nil, wrong
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, wrong
	}
	return values, nil
}
