package server_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"andiron.dev/fhir/store/storetest"
)

// TestSearchByPost: a search is the same by GET, by POST, and by POST with any part of its parameters in the URL, in status, body
// and what the log says; HEAD is GET without the body.
func TestSearchByPost(t *testing.T) {
	storetest.Single(t)
	h := open(t)
	var entries []string
	put := func(typ, id, rest string) {
		entries = append(entries, fmt.Sprintf(`{"resource":{"resourceType":"%s","id":"%s"%s},"request":{"method":"PUT","url":"%s/%s"}}`, typ, id, rest, typ, id))
	}
	put("Practitioner", "doc", "")
	for i := range 30 {
		put("Patient", fmt.Sprint("p", i), fmt.Sprintf(`,"gender":"%s","name":[{"family":"Müller-%d"}],"generalPractitioner":[{"reference":"Practitioner/doc"}]`, []string{"male", "female"}[i%2], i%5))
		put("Observation", fmt.Sprint("o", i), fmt.Sprintf(`,"status":"final","code":{"coding":[{"system":"urn:c","code":"%d"}]},"subject":{"reference":"Patient/p%d"}`, i%3, i%7))
	}
	if w := h.do(http.MethodPost, "/", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`); w.Code != http.StatusOK {
		t.Fatal(w.Body)
	}
	volatile := regexp.MustCompile(`"id":\s*"[0-9a-f-]{36}"|"lastUpdated":\s*"[^"]*"|_cursor=[A-Za-z0-9_-]+|request [0-9a-f-]{36}`)
	ask := func(method, path, body string, headers ...string) (code int, text, length string) {
		if method == http.MethodPost {
			headers = append(headers, "Content-Type: application/x-www-form-urlencoded")
		}
		w := h.do(method, path, body, headers...)
		return w.Code, volatile.ReplaceAllString(w.Body.String(), ""), w.Header().Get("Content-Length")
	}
	for _, query := range []string{
		"", "gender=male", "gender=male&family=m%C3%BCller&_sort=-family,_id&_count=4&_total=accurate", "_count=0", "_summary=count&gender=female", "_count=3&_total=estimate",
		"_include=Patient:general-practitioner&_count=2", "_revinclude=Observation:subject&_id=p1,p2&_elements=name,code", "_include:iterate=*&_revinclude:iterate=Observation:*&_id=p1&_summary=true",
		"_id=p1&_revinclude=Observation:patient&_include=Bogus:x&_sort=bogus&bogus=1", "_elements=bogus&_count=2", "_summary=data&_count=1", "_summary=text&_count=1", "_count=1000000&_elements=id",
		"_count=x", "_count=-1", "_total=some", "_summary=some", "family:bogus=x", "birthdate=2024-02-30", "_count=1&_count=2", "_cursor=x", "_format=json&_pretty=true&_count=1", "_format=xml",
		"family=M%C3%BCller-1,M%C3%BCller-2&gender=male", "family=a%2Bb%26c%3Dd+e&gender=male",
		strings.Repeat("gender=male&", 99) + "gender=male", strings.Repeat("gender=male&", 100) + "gender=male",
	} {
		for _, prefer := range []string{"handling=lenient", "handling=strict"} {
			code, want, length := ask(http.MethodGet, "/Patient?"+query, "", "Prefer: "+prefer)
			if got, body, headLength := ask(http.MethodHead, "/Patient?"+query, "", "Prefer: "+prefer); got != code || body != "" || headLength != length {
				t.Errorf("HEAD of %s: %d with %s bytes, GET %d with %s: %s", query, got, headLength, code, length, body)
			}
			params := strings.Split(query, "&")
			for i := 0; i <= len(params); i += max(1, len(params)/4) {
				url, form := strings.Join(params[:i], "&"), strings.Join(params[i:], "&")
				if got, body, _ := ask(http.MethodPost, "/Patient/_search?"+url, form, "Prefer: "+prefer); got != code || body != want {
					t.Errorf("POST of %s with %s in the URL (%s): %d\n%s\nGET: %d\n%s", query, url, prefer, got, body, code, want)
				}
			}
		}
	}
	if log := h.log.String(); strings.Contains(log, "Müller") || strings.Contains(log, "M%C3%BCller") || strings.Contains(log, "_cursor") {
		t.Error("the log holds what was searched for")
	}
}
