package seed_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"testing"

	"andiron.dev/cmd/andiron/bench/seed"
)

func record(s uint64) *seed.Record {
	r := seed.NewRecord(rand.New(rand.NewPCG(s, 1)), "t")
	r.Next()
	return r
}

func TestSizes(t *testing.T) {
	r := record(1)
	for b := seed.PatientID; b <= seed.ClaimID; b++ {
		r.SetString(b, "0196f7a3-1111-7222-8333-444455556666")
	}
	want := map[string]int{"Patient": 4700, "Location": 900, "Organization": 1000, "Practitioner": 750, "Encounter": 1900,
		"Observation": 1100, "MedicationRequest": 1300, "Claim": 3000, "ExplanationOfBenefit": 7800}
	for _, typ := range seed.Types() {
		form, err := seed.Resource(typ)
		if err != nil {
			t.Fatal(err)
		}
		body := form.Append(nil, r)
		var v struct{ ResourceType, ID string }
		if err := json.Unmarshal(body, &v); err != nil || v.ResourceType != typ || v.ID != "" {
			t.Errorf("%s without an id: %v, %+v\n%s", typ, err, v, body)
		}
		if n := len(body); n < want[typ]*90/100 || n > want[typ]*110/100 {
			t.Errorf("%s has %d bytes, want about %d", typ, n, want[typ])
		}
		r.SetString(seed.ID, "a.1")
		if err := json.Unmarshal(form.Append(nil, r), &v); err != nil || v.ID != "a.1" {
			t.Errorf("%s with an id: %v, %+v", typ, err, v)
		}
		r.SetString(seed.ID, "")
		if bytes.Contains(body, []byte("${")) || bytes.Contains(body, []byte("#{")) || bytes.Contains(body, []byte(`""`)) {
			t.Errorf("%s has an empty blank: %s", typ, body)
		}
	}
}

func TestAdmission(t *testing.T) {
	form, types, err := seed.Admission()
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct {
			FullURL  string
			Resource struct {
				ResourceType string
				Subject      struct{ Reference string }
			}
			Request struct{ Method, URL string }
		}
	}
	body := form.Append(nil, record(3))
	if err := json.Unmarshal(body, &bundle); err != nil {
		t.Fatal(err)
	}
	if len(bundle.Entry) != len(types) || len(body) < 2900 || len(body) > 3500 {
		t.Fatalf("%d entries, %d bytes", len(bundle.Entry), len(body))
	}
	for n, e := range bundle.Entry {
		if e.Resource.ResourceType != types[n] || e.Request.URL != types[n] || e.Request.Method != "POST" {
			t.Errorf("entry %d is %+v, want a create of %s", n, e, types[n])
		}
		if n > 0 && e.Resource.Subject.Reference != bundle.Entry[0].FullURL {
			t.Errorf("entry %d is about %q, want %q", n, e.Resource.Subject.Reference, bundle.Entry[0].FullURL)
		}
	}
}

func TestSameSeedSameBodies(t *testing.T) {
	form, err := seed.Resource("Patient")
	if err != nil {
		t.Fatal(err)
	}
	a, b, other := record(1), record(1), record(2)
	seen := map[string]bool{}
	for range 100 {
		body := form.Append(nil, a)
		if !bytes.Equal(body, form.Append(nil, b)) {
			t.Fatal("two records of one seed differ")
		}
		if seen[string(body)] || bytes.Equal(body, form.Append(nil, other)) {
			t.Fatal("a body came twice")
		}
		seen[string(body)] = true
		a.Next()
		b.Next()
		other.Next()
	}
}

func TestMistakes(t *testing.T) {
	for _, form := range []string{`{"a":`, `{"a":"${nobody}"}`, `{"a":"#{nobody}"}`} {
		if _, err := seed.New(form); err == nil {
			t.Errorf("New(%s) is no error", form)
		}
	}
	form, err := seed.New(`{"cost": "1 $ or 2 #", "last": "$"}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := string(form.Append(nil, record(1))); got != `{"cost":"1 $ or 2 #","last":"$"}` {
		t.Errorf("a form without blanks became %s", got)
	}
}

func BenchmarkNext(b *testing.B) {
	r := record(1)
	b.ReportAllocs()
	for b.Loop() {
		r.Next()
	}
}

func BenchmarkAppend(b *testing.B) {
	r := record(1)
	for _, typ := range []string{"Patient", "ExplanationOfBenefit"} {
		b.Run(typ, func(b *testing.B) {
			form, err := seed.Resource(typ)
			if err != nil {
				b.Fatal(err)
			}
			var body []byte
			b.ReportAllocs()
			for b.Loop() {
				body = form.Append(body[:0], r)
			}
		})
	}
}
