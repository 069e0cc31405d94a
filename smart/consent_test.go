package smart_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// consent is the Consent of b with a provision.
func consent(id, status, provision string) string {
	return `Consent/` + id + ` {"status":"` + status + `","scope":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/consentscope","code":"patient-privacy"}]},
		"category":[{"text":"x"}],"patient":{"reference":"Patient/b"},"policyRule":{"text":"x"},"provision":` + provision + `}`
}

func leakConsent(t *testing.T, h *house) {
	dr, sys, b := doctor(t, "user/*.cruds"), backend(t, "system/*.cruds"), patient(t, "b", everything)
	all := []string{"oa", "oa2", "ob", "ob2", "other"}
	h.get(dr, "/Observation").finds(all...)
	h.get(dr, "/Patient/b").is(200)
	h.put(consent("stop", "active", `{"type":"deny"}`))
	for _, p := range []*smart.Principal{dr, sys} {
		h.get(p, "/Observation?_total=accurate").finds("oa", "oa2", "other").totals(3)
		h.get(p, "/Patient?identifier=urn:mrn|42&_summary=count").totals(0)
		for _, closed := range []string{"/Patient/b", "/Observation/ob", "/Observation/ob/_history/1", "/Observation/ob/_history", "/Encounter/eb", "/Task/tb", "/Device/db"} {
			h.get(p, closed).is(404)
		}
		h.get(p, "/Observation?_id=oa&_include=Observation:has-member").finds("oa")
		h.get(p, "/Observation?has-member.value-string=secret").finds()
		h.get(p, "/Observation?subject:Patient.name=Bauer").finds()
		h.do(p, "PUT", "/Observation/ob", observation("ob", "b")).is(404)
		// Results go on coming in: who brings them does not see them again.
		if got := h.do(p, "POST", "/Observation", observation("", "b")).is(201); got.body != "" {
			t.Errorf("what is kept from its author came back: %s", got.body)
		}
	}
	added := strings.Fields("")
	for _, id := range h.get(b, "/Observation").ids() {
		if id != "ob" && id != "ob2" {
			added = append(added, id)
		}
	}
	if len(added) != 2 {
		t.Errorf("%d observations were added", len(added))
	}
	for _, id := range added {
		h.do(b, "DELETE", "/Observation/"+id, "").is(204)
	}
	h.do(sys, "DELETE", "/Observation/ob", "").is(204)
	// The patient's own access is not what they have forbidden, and nobody else's record is.
	h.get(b, "/Observation").finds("ob", "ob2")
	h.get(b, "/Observation/ob/_history").totals(1)
	h.get(patient(t, "a", everything), "/Observation").finds("oa", "oa2")
	// Breaking the glass opens the one record, for reading.
	glass := doctor(t, "user/*.cruds")
	glass.BreakGlass, glass.Purpose = "b", "BTG"
	h.get(glass, "/Observation").finds("ob", "ob2")
	h.get(glass, "/Patient/b").is(200)
	h.get(glass, "/Patient/a").is(404)
	h.do(glass, "PUT", "/Observation/ob", observation("ob", "b")).is(403)
	h.do(glass, "POST", "/Observation", observation("", "b")).is(403)
	// Withdrawn, it is open with the next request.
	h.put(consent("stop", "inactive", `{"type":"deny"}`))
	h.get(dr, "/Observation").finds(all...)
}

// TestConsentProvisions: what a provision asks for, and who decides where several do.
func TestConsentProvisions(t *testing.T) {
	const types = `"class":[{"system":"http://hl7.org/fhir/resource-types","code":"%s"}]`
	who := func(reference string) string {
		return `"actor":[{"role":{"coding":[{"code":"x"}]},"reference":{"reference":"` + reference + `"}}]`
	}
	code := func(name, code string) string { return `"` + name + `":[{"coding":[{"code":"` + code + `"}]}]` }
	nurse := func(t *testing.T) *smart.Principal {
		p := doctor(t, "user/*.rs", "nurse")
		p.FhirUser, p.Purpose = "Practitioner/nurse", "TREAT"
		return p
	}
	dr := func(t *testing.T) *smart.Principal { return doctor(t, "user/*.rs") }
	sys := func(t *testing.T) *smart.Principal { return backend(t, "system/*.rs") }
	for _, test := range []struct {
		name, provision string
		who             func(*testing.T) *smart.Principal
		observations    bool // are they seen?
		conditions      bool
	}{
		{"permit", `{"type":"permit"}`, dr, true, true},
		{"deny all", `{"type":"deny"}`, dr, false, false},
		{"deny a class", `{"type":"deny",` + fmt.Sprintf(types, "Observation") + `}`, dr, false, true},
		{"deny, with an exception by class", `{"type":"deny","provision":[{"type":"permit",` + fmt.Sprintf(types, "Observation") + `}]}`, dr, true, false},
		{"permit, with an exception by class", `{"type":"permit","provision":[{"type":"deny",` + fmt.Sprintf(types, "Condition") + `}]}`, dr, true, false},
		{"deny wins a tie", `{"type":"permit","provision":[{"type":"deny",` + fmt.Sprintf(types, "Condition") + `},{"type":"permit",` + fmt.Sprintf(types, "Condition") + `}]}`, dr, true, false},
		{"an exception to an exception", `{"type":"permit","provision":[{"type":"deny","provision":[{"type":"permit",` + fmt.Sprintf(types, "Observation") + `}]}]}`, dr, true, false},
		{"deny one person", `{"type":"deny",` + who("Practitioner/dr") + `}`, dr, false, false},
		{"deny another person", `{"type":"deny",` + who("Practitioner/dr") + `}`, nurse, true, true},
		{"permit one person alone", `{"type":"deny","provision":[{"type":"permit",` + who("Practitioner/dr") + `}]}`, dr, true, true},
		{"permit one person alone, others", `{"type":"deny","provision":[{"type":"permit",` + who("Practitioner/dr") + `}]}`, nurse, false, false},
		{"deny handing on", `{"type":"deny",` + code("action", "disclose") + `}`, sys, false, false},
		{"deny handing on, inside", `{"type":"deny",` + code("action", "disclose") + `}`, dr, true, true},
		{"deny a purpose", `{"type":"deny","purpose":[{"code":"TREAT"}]}`, dr, false, false},
		{"deny another purpose", `{"type":"deny","purpose":[{"code":"HRESCH"}]}`, dr, true, true},
		{"deny a purpose, unsaid", `{"type":"deny","purpose":[{"code":"HRESCH"}]}`, sys, false, false},
		{"not yet", `{"type":"deny","period":{"start":"2030-01-01"}}`, dr, true, true},
		{"no longer", `{"type":"deny","period":{"end":"2020-01-01"}}`, dr, true, true},
		{"now", `{"type":"deny","period":{"start":"2020-01-01","end":"2030-01-01"}}`, dr, false, false},
		{"deny a code", `{"type":"deny",` + `"code":[{"coding":[{"system":"http://loinc.org","code":"1234-5"}]}]}`, dr, false, true},
		{"deny another code", `{"type":"deny",` + `"code":[{"coding":[{"system":"http://loinc.org","code":"0"}]}]}`, dr, true, true},
		{"deny data of a time", `{"type":"deny","dataPeriod":{"start":"2019-01-01","end":"2019-12-31"}}`, dr, true, true},
		{"deny a resource", `{"type":"deny","data":[{"meaning":"instance","reference":{"reference":"Condition/cb"}}]}`, dr, true, false},
		{"deny a class that nobody knows", `{"type":"deny","class":[{"system":"urn:ietf:bcp:13","code":"text/plain"}]}`, dr, false, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := open(t)
			h.put(records()...)
			h.put(consent("c", "active", test.provision))
			p := test.who(t)
			for path, seen := range map[string]bool{"Observation/ob": test.observations, "Condition/cb": test.conditions} {
				typ, id, _ := strings.Cut(path, "/")
				status := 404
				if seen {
					status = 200
				}
				h.get(p, "/"+path).is(status)
				found := h.get(p, "/"+typ+"?_total=accurate&code:missing=false").is(200)
				if got := strings.Contains(found.body, `"`+id+`"`); got != seen {
					t.Errorf("a search of %s finds %s: %v", typ, id, got)
				}
				if total := found.bundle().Total; total == nil || *total != len(found.ids()) {
					t.Errorf("a search of %s counts %v of %v", typ, total, found.ids())
				}
			}
			h.get(p, "/Observation/oa").is(200)
		})
	}
}

// TestConsentOptOut: opting out keeps records from other systems, not from whoever treats the patient here (SEC-6).
func TestConsentOptOut(t *testing.T) {
	h := open(t)
	h.put(records()...)
	h.put(strings.Replace(consent("out", "active", `{}`), `"policyRule":{"text":"x"},"provision":{}`, `"policyRule":{"coding":[{"code":"OPTOUT"}]}`, 1))
	ehr := &smart.Principal{Subject: "client:ehr", ClientID: "ehr", Roles: []string{"ehr-system"}, Scopes: scopes(t, "system/*.rs")}
	h.get(ehr, "/Patient/b").is(404)
	h.get(ehr, "/Patient?_total=accurate").finds("a").totals(1)
	h.get(doctor(t, "user/*.rs"), "/Patient?_total=accurate").finds("a", "b").totals(2)
}

// TestConsentElsewhere: a Consent that another process has written counts a second later at most; without any knowledge nothing is
// allowed.
func TestConsentElsewhere(t *testing.T) {
	h := open(t)
	h.put(records()...)
	dr := doctor(t, "user/*.rs")
	h.get(dr, "/Patient/b").is(200)
	_, body, _ := strings.Cut(consent("far", "active", `{"type":"deny"}`), " ")
	r, err := fhir.ParseResource(`{"resourceType":"Consent","id":"far",`+body[1:], fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.store.Update(context.Background(), nil, func(tx fhir.Tx) error { _, err := tx.Put(context.Background(), r); return err }); err != nil {
		t.Fatal(err)
	}
	h.clock.advance(1100 * time.Millisecond)
	h.get(dr, "/Patient/b").is(404)
	h.get(dr, "/Patient/a").is(200)
}

// broken is a store of which the outbox cannot be read, nor Consents.
type broken struct{ fhir.Store }

func (broken) Events(context.Context, fhir.Seq, int) ([]fhir.Event, error) {
	return nil, errors.New("the disk is gone")
}

func (b broken) View(ctx context.Context, fn func(fhir.Tx) error) error {
	if p := smart.From(ctx); p != nil && p.IsServer() {
		return errors.New("the disk is gone")
	}
	return b.Store.View(ctx, fn)
}

func TestConsentUnknown(t *testing.T) {
	h := open(t)
	h.put(records()...)
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	g, err := smart.New(smart.Config{Store: broken{h.store}, Spec: spec, Params: search.NewParams(spec, nil)})
	if err != nil {
		t.Fatal(err)
	}
	ctx := smart.With(context.Background(), doctor(t, "user/*.rs"))
	err = g.Store().View(ctx, func(tx fhir.Tx) error {
		_, err := tx.Read(ctx, "Patient", "a")
		return err
	})
	if fhir.CodeOf(err) != fhir.Transient {
		t.Errorf("without knowing of Consents a read gives %v", err)
	}
}
