package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/demo"
)

// clinic is a server with the demo hospital at eight o'clock of a Monday in New York.
type clinic struct {
	*running
	t testing.TB
}

func openClinic(t testing.TB) *clinic {
	t.Helper()
	c := &clinic{startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock"), t}
	c.setClock(t, time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		if status, body := c.do(t, "POST", "", string(b.JSON())); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	for i := range 60 {
		c.stored(t, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","active":true}`, i))
	}
	return c
}

// reply is an answer taken apart.
type reply struct {
	status int
	text   string
	body   map[string]any
}

// send sends a request from any goroutine.
func (c *clinic) send(method, path, body string, headers ...string) reply {
	req, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		return reply{text: err.Error()}
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return reply{text: err.Error()}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{text: err.Error()}
	}
	r := reply{status: resp.StatusCode, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

// ask sends a request and demands the status of the answer.
func (c *clinic) ask(want int, method, path, body string) reply {
	c.t.Helper()
	r := c.send(method, path, body)
	if r.status != want {
		c.t.Fatalf("%s %s: %d, want %d\n%s", method, path, r.status, want, r.text)
	}
	return r
}

// at is a value of the answer: "entry.0.resource.id"; nil where there is none.
func (r reply) at(path string) any {
	var v any = r.body
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// is demands a value of the answer.
func (c *clinic) is(r reply, wants ...any) {
	c.t.Helper()
	for i := 0; i < len(wants); i += 2 {
		if got := fmt.Sprint(r.at(wants[i].(string))); got != fmt.Sprint(wants[i+1]) {
			c.t.Errorf("%s is %s, want %v\n%s", wants[i], got, wants[i+1], r.text)
		}
	}
}

// no demands that a request is refused with a detail.
func (c *clinic) no(want int, detail, method, path, body string) reply {
	c.t.Helper()
	r := c.ask(want, method, path, body)
	c.is(r, "issue.0.details.coding.0.code", detail)
	return r
}

func withParams(list ...string) string {
	return `{"resourceType":"Parameters","parameter":[` + strings.Join(list, ",") + `]}`
}

func refParam(name, to string) string {
	return `{"name":"` + name + `","valueReference":{"reference":"` + to + `"}}`
}

func textParam(name, typ, value string) string {
	return `{"name":"` + name + `","value` + typ + `":"` + value + `"}`
}

func resourceParam(name, resource string) string {
	return `{"name":"` + name + `","resource":` + resource + `}`
}

// visitOf is an Appointment of a service with participants: references.
func visitOf(status, visit, start string, minutes int, actors ...string) string {
	at, err := time.Parse(time.RFC3339, start)
	if err != nil {
		panic(err)
	}
	var participants []string
	for _, a := range actors {
		participants = append(participants, `{"actor":{"reference":"`+a+`"},"status":"accepted"}`)
	}
	return fmt.Sprintf(`{"resourceType":"Appointment","status":"%s","serviceType":[{"coding":[{"system":"https://andiron.dev/fhir/CodeSystem/visit-type","code":"%s"}]}],"start":"%s","end":"%s","participant":[%s]}`,
		status, visit, at.UTC().Format(time.RFC3339), at.Add(time.Duration(minutes)*time.Minute).UTC().Format(time.RFC3339), strings.Join(participants, ","))
}

// offers are the ids of what $find gives for a day in New York.
func (c *clinic) offers(day string, more ...string) []string {
	c.t.Helper()
	start, err := time.Parse("2006-01-02 -07:00", day+" -05:00")
	if err != nil {
		c.t.Fatal(err)
	}
	r := c.ask(200, "POST", "/Appointment/$find", withParams(append([]string{
		textParam("start", "DateTime", start.Format(time.RFC3339)), textParam("end", "DateTime", start.Add(24*time.Hour).Format(time.RFC3339)), `{"name":"_count","valueInteger":100}`,
	}, more...)...))
	var ids []string
	entries, _ := r.body["entry"].([]any)
	for i := range entries {
		if id := r.at(fmt.Sprintf("entry.%d.resource.id", i)); r.at(fmt.Sprintf("entry.%d.search.mode", i)) == "match" {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	return ids
}

func (c *clinic) leeOffers() []string {
	c.t.Helper()
	return c.offers("2026-03-03", refParam("practitioner", "Practitioner/dr-lee"), refParam("service-type-reference", "HealthcareService/hs-office"))
}

// book books an offer or a hold for a patient.
func (c *clinic) book(want int, id, patient string, more ...string) reply {
	c.t.Helper()
	return c.ask(want, "POST", "/Appointment/$book", withParams(append([]string{refParam("appointment-reference", "Appointment/"+id), refParam("patient-reference", "Patient/"+patient)}, more...)...))
}

// together sends requests at the same time.
func (c *clinic) together(n int, request func(i int) (path, body string)) []reply {
	list := make([]reply, n)
	var all sync.WaitGroup
	for i := range n {
		path, body := request(i)
		all.Go(func() { list[i] = c.send("POST", path, body) })
	}
	all.Wait()
	return list
}

// counted demands how many requests succeeded, and that all others lost.
func (c *clinic) counted(list []reply, won int) {
	c.t.Helper()
	got := 0
	for _, r := range list {
		switch {
		case r.status == 200 || r.status == 201:
			got++
		case r.status != 409:
			c.t.Errorf("%d %s", r.status, r.text)
		}
	}
	if got != won {
		c.t.Errorf("%d succeeded, want %d", got, won)
	}
}
