package smart_test

import (
	"testing"
)

// leak is a row of the catalogue of security.md §5: a way in which a real server has let somebody see what was not theirs. Each row
// that applies shows first that what may be had is had: a server that answers nothing leaks nothing.
type leak struct {
	row  string
	na   string // why it does not apply so far
	show func(t *testing.T, h *house)
}

func leaks() []leak {
	return []leak{
		{row: "1 direct read outside the compartment", show: leakRead},
		{row: "2 include, revinclude, iterate, continuation", show: leakInclude},
		{row: "3 wrong membership parameter", show: leakMembership},
		{row: "4 one type forgets the filter", show: leakEveryType},
		{row: "5 an empty list of permissions means all", show: leakEmpty},
		{row: "6 no scope means the full policy", show: leakNoScope},
		{row: "7 chains and _has probe values", show: leakChain},
		{row: "8 403 or 200 tells of data", show: leakForbidden},
		{row: "9 404, 403, 410, 412, 304 tell of existence", show: leakExistence},
		{row: "10 totals", show: leakTotal},
		{row: "11 page links skip authorization", show: leakPaging},
		{row: "12 history of other versions, and after a relabel", show: leakHistory},
		{row: "13 POST _search", show: leakPostSearch},
		{row: "14 the body of a write", show: leakWriteBody},
		{row: "15 move in, move out", show: leakMove},
		{row: "16 PATCH skips scopes", show: leakPatch},
		{row: "17 conditional requests across the boundary", show: leakConditional},
		{row: "18 security labels taken off", show: leakLabels},
		{row: "19 Binary without context", show: leakBinary},
		{row: "20 bulk export", na: "there is no export so far; its jobs will read through the guarded store"},
		{row: "21 subscriptions", na: "nothing is delivered so far; patients cannot write Subscriptions, see row 4"},
		{row: "22 GraphQL", na: "there is none"},
		{row: "23 operations without a filter", show: leakOperation},
		{row: "24 granting oneself consent, grafting a link", show: leakGraft},
		{row: "25 narrowing mixes compartments and synonyms", show: leakSynonym},
		{row: "26 prefixes and suffixes of scopes", show: leakScopeParsing},
		{row: "27 other tokens as access tokens", na: "the guard sees principals, not tokens: tests of smart/authserver and smart/token"},
		{row: "28 sorting and filtering by what is closed", show: leakSort},
		{row: "29 operators within filters", na: "values are compared as typed arguments of SQL; there is no query language to reach"},
		{row: "30 a URL of the caller is fetched", na: "the guard fetches nothing: tests of smart/outbound"},
		{row: "31 a cache between tenants", na: "there are no tenants; filters live as long as a request, Consents are kept by patient"},
		{row: "32 patient data in logs", na: "outcomes of the guard name types and letters alone, see row 8; logs are tested in fhir/server"},
		{row: "33 a criterion silently dropped", show: leakDropped},
		{row: "entries of a Bundle", show: leakBundle},
		{row: "Consents", show: leakConsent},
		{row: "lists, hierarchies, compartments, _filter", show: leakElsewhere},
	}
}

// TestLeak goes through the catalogue. Every row has a house of its own with the same records in it.
func TestLeak(t *testing.T) {
	for _, l := range leaks() {
		t.Run(l.row, func(t *testing.T) {
			if l.na != "" {
				t.Skip("n/a: " + l.na)
			}
			h := open(t)
			h.put(records()...)
			l.show(t, h)
		})
	}
}

// records are those of a, whose apps try to see more than is theirs, and of b, whose they are.
func records() []string {
	const laboratory = `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory"}]}]`
	const vital = `"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]`
	observation := func(id, rest string) string {
		return `Observation/` + id + ` {"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"1234-5"}]},` + rest + `}`
	}
	return []string{
		`Organization/org {"name":"Hospital"}`,
		`Organization/insurer {"name":"Insurer"}`,
		`Practitioner/dr {"name":[{"family":"House"}]}`,
		`Patient/a {"name":[{"family":"Aalto"}],"gender":"female","generalPractitioner":[{"reference":"Practitioner/dr"}]}`,
		`Patient/b {"name":[{"family":"Bauer"}],"gender":"male","birthDate":"1950-01-02","identifier":[{"system":"urn:mrn","value":"42"}],
			"generalPractitioner":[{"reference":"Practitioner/dr"}],"link":[{"other":{"reference":"Patient/a"},"type":"seealso"}]}`,
		`Encounter/ea {"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/a"}}`,
		`Encounter/eb {"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/b"}}`,
		observation("oa", laboratory+`,"subject":{"reference":"Patient/a"},"encounter":{"reference":"Encounter/ea"},"hasMember":[{"reference":"Observation/ob"}],"valueString":"mine"`),
		observation("oa2", vital+`,"subject":{"reference":"`+base+`/Patient/a"},"valueString":"mine"`),
		observation("ob", laboratory+`,"subject":{"reference":"Patient/b"},"encounter":{"reference":"Encounter/eb"},"derivedFrom":[{"reference":"Observation/oa"}],"valueString":"secret"`),
		observation("ob2", laboratory+`,"subject":{"reference":"Patient/b"},"focus":[{"reference":"Patient/a"}],"valueString":"secret"`),
		observation("other", laboratory+`,"subject":{"reference":"http://elsewhere.example/fhir/Patient/a"},"valueString":"secret"`),
		`Condition/ca {"subject":{"reference":"Patient/a"},"code":{"coding":[{"code":"mine"}]},"encounter":{"reference":"Encounter/ea"}}`,
		`Condition/cb {"subject":{"reference":"Patient/b"},"code":{"coding":[{"code":"secret"}]},"encounter":{"reference":"Encounter/eb"}}`,
		`List/la {"status":"current","mode":"working","subject":{"reference":"Patient/a"},"entry":[{"item":{"reference":"Observation/oa"}}]}`,
		`List/lb {"status":"current","mode":"working","subject":{"reference":"Patient/b"},"entry":[{"item":{"reference":"Observation/oa"}}]}`,
		`Group/g {"type":"person","actual":true,"member":[{"entity":{"reference":"Patient/a"}},{"entity":{"reference":"Patient/b"}}]}`,
		`Schedule/s {"actor":[{"reference":"Patient/a"},{"reference":"Patient/b"}]}`,
		`Task/ta {"status":"ready","intent":"order","for":{"reference":"Patient/a"}}`,
		`Task/tb {"status":"ready","intent":"order","for":{"reference":"Patient/b"}}`,
		`Device/da {"patient":{"reference":"Patient/a"}}`,
		`Device/db {"patient":{"reference":"Patient/b"}}`,
		`Device/stock {"status":"active"}`,
		`Binary/bina {"contentType":"text/plain","data":"bWluZQ=="}`,
		`Binary/binb {"contentType":"text/plain","data":"c2VjcmV0"}`,
		`Binary/ctxa {"contentType":"text/plain","securityContext":{"reference":"Patient/a"},"data":"bWluZQ=="}`,
		`Binary/ctxb {"contentType":"text/plain","securityContext":{"reference":"Patient/b"},"data":"c2VjcmV0"}`,
		`Binary/free {"contentType":"text/plain","data":"c2VjcmV0"}`,
		`DocumentReference/doca {"status":"current","subject":{"reference":"Patient/a"},"content":[{"attachment":{"url":"Binary/bina"}}]}`,
		`DocumentReference/docb {"status":"current","subject":{"reference":"Patient/b"},"content":[{"attachment":{"url":"Binary/binb"}}]}`,
		`Provenance/pa {"target":[{"reference":"Observation/oa"}],"recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/dr"}}]}`,
		`Provenance/pab {"target":[{"reference":"Observation/oa"},{"reference":"Observation/ob"}],"recorded":"2024-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/dr"}}]}`,
		`Claim/cl {"status":"active","type":{"text":"x"},"use":"claim","patient":{"reference":"Patient/b"},"created":"2024-01-01","insurer":{"reference":"Organization/insurer"},
			"provider":{"reference":"Organization/org"},"priority":{"text":"x"},"insurance":[{"sequence":1,"focal":true,"coverage":{"display":"x"}}]}`,
		`Subscription/sub {"status":"off","reason":"x","criteria":"Observation?","channel":{"type":"rest-hook"}}`,
		`Location/floor {"name":"floor"}`,
		`Location/bed {"name":"bed","partOf":{"reference":"Location/floor"}}`,
	}
}
