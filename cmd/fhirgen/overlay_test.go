package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func one(resourceType, url, json string) definitions {
	return definitions{{resourceType, url}: []byte(json)}
}

func TestApplyRefusesWhatDoesNotFit(t *testing.T) {
	for _, c := range []struct {
		op, url string
		want    string
	}{
		{"add", "http://b", ""},
		{"replace", "http://a", ""},
		{"remove", "http://a", ""},
		{"add", "http://a", "cannot add SearchParameter http://a: in the package: true"},
		{"replace", "http://b", "cannot replace SearchParameter http://b: in the package: false"},
		{"remove", "http://b", "cannot remove SearchParameter http://b: in the package: false"},
		{"rename", "http://a", "cannot rename"},
	} {
		d := one("SearchParameter", "http://a", `{}`)
		err := d.apply(overlayEntry{Op: c.op, ResourceType: "SearchParameter", URL: c.url, Definition: json.RawMessage(`{"new":1}`)})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %s: %v, want %q", c.op, c.url, err, c.want)
		}
	}
}

func TestCompareOverlaySaysWhy(t *testing.T) {
	const sd = "StructureDefinition"
	for _, c := range []struct {
		name          string
		pkg, official definitions
		op, why       string
	}{
		{"equal", one(sd, "u", `{"a":1}`), one(sd, "u", `{"a":1}`), "", ""},
		{"lacking", definitions{}, one(sd, "u", `{"a":1}`), "add", "the package lacks it"},
		{"surplus", one(sd, "u", `{"a":1}`), definitions{}, "remove", "R4 4.0.1 has no such definition"},
		{"property", one("SearchParameter", "u", `{"code":"c","target":["A"],"base":[]}`), one("SearchParameter", "u", `{"code":"c","target":["B"]}`),
			"replace", "the package adds base; changes target"},
		{"element",
			one(sd, "u", `{"snapshot":{"element":[{"path":"A"},{"path":"A.x"},{"path":"A.y","max":"1"}]}}`),
			one(sd, "u", `{"snapshot":{"element":[{"path":"A"},{"path":"A.y","max":"*"},{"path":"A.z"}]}}`),
			"replace", "the package adds A.x; leaves out A.z; changes A.y"},
		{"order",
			one(sd, "u", `{"snapshot":{"element":[{"path":"A"},{"path":"A.x"},{"path":"A.y"}]}}`),
			one(sd, "u", `{"snapshot":{"element":[{"path":"A"},{"path":"A.y"},{"path":"A.x"}]}}`),
			"replace", "the package has another order"},
	} {
		entries, err := compareOverlay(c.pkg, c.official)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var op, why string
		if len(entries) > 0 {
			op, why = entries[0].Op, entries[0].Why
		}
		if op != c.op || why != c.why {
			t.Errorf("%s: %q %q, want %q %q", c.name, op, why, c.op, c.why)
		}
		for _, e := range entries {
			if err := c.pkg.apply(e); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
		if again, err := compareOverlay(c.pkg, c.official); err != nil || again != nil {
			t.Errorf("%s: still to repair %v, %v", c.name, again, err)
		}
	}
}
