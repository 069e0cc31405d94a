package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"andiron.dev/cmd/andiron/demo"
	"andiron.dev/fhir"
)

// fixture is a server with fixture F0 (domain design §19), at 2026-03-02T13:00:00Z: the demonstration hospital is F0.
type fixture struct{ *running }

// f0 starts one.
func f0(t testing.TB, args ...string) *fixture {
	t.Helper()
	c := &fixture{startServer(t, append([]string{"serve", "--store", "sqlite:" + t.TempDir(), "--test-clock"}, args...)...)}
	c.clock(t, "2026-03-02T13:00:00Z")
	bundles, err := demo.Bundles()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		if status, body := c.do(t, "POST", "", string(b.JSON())); status != 200 {
			t.Fatalf("F0: %d %.1000s", status, body)
		}
	}
	return c
}

// clock sets the server's clock.
func (c *fixture) clock(t testing.TB, now string) {
	t.Helper()
	if status, body := c.beside(t, "PUT", "/_test/clock", `{"now":"`+now+`"}`); status != 200 {
		t.Fatalf("the clock: %d %s", status, body)
	}
}

// jsonObject is an answer taken apart.
type jsonObject map[string]any

// at is a value of it: "entry.0.resource.id"; nil where there is none.
func (o jsonObject) at(path string) any {
	var v any = map[string]any(o)
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// text is at as text; "" where there is nothing.
func (o jsonObject) text(path string) string {
	if v := o.at(path); v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// call sends a request and takes the answer apart.
func (c *fixture) call(t testing.TB, method, path, body string) (int, jsonObject) {
	t.Helper()
	status, text := c.do(t, method, path, body)
	o := jsonObject{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return status, o
}

// params is a Parameters resource: names, each with the JSON of its value: "start", `"valueDateTime":"2026-…"`.
func params(list ...string) string {
	var b strings.Builder
	for i := 0; i < len(list); i += 2 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"name":"` + list[i] + `",` + list[i+1] + `}`)
	}
	return `{"resourceType":"Parameters","parameter":[` + b.String() + `]}`
}

func dateTime(text string) string { return `"valueDateTime":"` + text + `"` }

func refersTo(reference string) string { return `"valueReference":{"reference":"` + reference + `"}` }

// find is Appointment/$find with 200.
func (c *fixture) find(t testing.TB, start, end string, more ...string) jsonObject {
	t.Helper()
	status, o := c.call(t, "POST", "/Appointment/$find", params(append([]string{"start", dateTime(start), "end", dateTime(end)}, more...)...))
	if status != 200 {
		t.Fatalf("$find: %d %v", status, o)
	}
	return o
}

// offers are the matches of a $find.
func offers(o jsonObject) (list []jsonObject) {
	entries, _ := o["entry"].([]any)
	for _, e := range entries {
		if one := jsonObject(e.(map[string]any)); one.text("search.mode") == "match" {
			list = append(list, one)
		}
	}
	return list
}

// starts are when the matches of a $find begin, in UTC.
func starts(t testing.TB, o jsonObject) (list []string) {
	t.Helper()
	for _, one := range offers(o) {
		at, err := time.Parse(time.RFC3339, one.text("resource.start"))
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, at.UTC().Format(time.RFC3339))
	}
	return list
}

// keep stores a resource under its id.
func (c *fixture) keep(t testing.TB, resource string) {
	t.Helper()
	r, err := fhir.ParseResource(resource, fhir.DefaultLimits())
	if err != nil {
		t.Fatalf("%v: %s", err, resource)
	}
	if status, body := c.do(t, "PUT", "/"+r.Reference(), resource); status > 201 {
		t.Fatalf("PUT %s: %d %s", r.Reference(), status, body)
	}
}

// slot is a Slot of a Schedule.
func slot(id, schedule, status, start, end string) string {
	return `{"resourceType":"Slot","id":"` + id + `","schedule":{"reference":"Schedule/` + schedule + `"},"status":"` + status + `","start":"` + start + `","end":"` + end + `"}`
}
