package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// jsonBody is the header of a request whose body is a resource.
const jsonBody = "Content-Type: application/fhir+json"

// attempt sends a request with headers such as "Prefer: respond-async", and reads the answer. Any goroutine may call it.
func attempt(method, url, body string, headers ...string) (*http.Response, string, error) {
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, "", err
	}
	return resp, string(text), nil
}

// roundTrip sends a request as attempt does, and ends the test where there is no answer.
func roundTrip(t testing.TB, method, url, body string, headers ...string) (*http.Response, string) {
	t.Helper()
	resp, text, err := attempt(method, url, body, headers...)
	if err != nil {
		t.Fatal(err)
	}
	return resp, text
}
