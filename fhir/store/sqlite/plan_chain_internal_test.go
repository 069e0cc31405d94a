package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// TestChainPlans checks from which end references are walked, and that indexes lead along them. There are 1,200 Observations, 12
// for each Patient.
func TestChainPlans(t *testing.T) {
	s := openInternal(t)
	ctx := t.Context()
	for i := range 100 {
		if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
			texts := []string{fmt.Sprintf(`{"resourceType":"Patient","id":"%d","gender":"%s","name":[{"family":"p%d"}]}`, i, []string{"female", "male"}[i%2], i)}
			for o := range 12 {
				texts = append(texts, fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","status":"final","code":{"coding":[{"system":"urn:l","code":"c%d"}]},
					"subject":{"reference":"Patient/%d"},"valueString":"v %d-%d"}`, i, o, o%3, i, i, o))
			}
			for _, text := range texts {
				r, err := fhir.ParseResource(text, fhir.Limits{})
				if err != nil {
					return err
				}
				if _, err := tx.Put(ctx, r); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	const (
		sorted = "TEMP B-TREE"
		toN    = "INDEX resource_n (type=? AND n=?)"
		fromN  = "INDEX reference_n (slot=? AND n=?)"
	)
	for _, test := range []struct {
		typ, query string
		want, not  []string
	}{
		// Few at the far end: they are walked back from.
		{"Observation", "patient.name=p7", []string{toN, "SEARCH x USING PRIMARY KEY (slot=? AND id=?"}, []string{fromN}},
		{"Observation", "subject:Patient.name=p7&code=c1", []string{toN, "SEARCH x USING PRIMARY KEY (slot=? AND id=?", "(slot=? AND code=? AND n=?)"}, []string{fromN}},
		{"Patient", "_has:Observation:patient:value-string=v 7-7", []string{fromN, "SEARCH t USING PRIMARY KEY (type=? AND id=?)"}, []string{toN}},
		{"Patient", "gender=female&_has:Observation:patient:_id=7-7,8-8", []string{"SEARCH t1 USING INDEX resource_n (type=? AND n=?)", "SEARCH x USING PRIMARY KEY (type=? AND id=?"}, []string{"(type=?)"}},
		// Many: a page of others is followed to its end, and nothing is sorted.
		{"Observation", "patient.gender=female&code=c1", []string{"SEARCH x USING PRIMARY KEY (slot=? AND code=? AND n>?)", fromN, "SEARCH t1 USING PRIMARY KEY (type=? AND id=?)"}, []string{toN, sorted}},
		{"Observation", "patient.gender:not=male", []string{"SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", fromN}, []string{toN, sorted}},
		{"Patient", "_has:Observation:patient:code=c1", []string{"SEARCH d USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", toN, "SEARCH r1 USING PRIMARY KEY (slot=? AND id=?)"}, []string{fromN, sorted}},
		{"Observation", "patient._has:Observation:subject:code=c1", []string{fromN, "SEARCH t1 USING PRIMARY KEY (type=? AND id=?)", "SEARCH r2 USING PRIMARY KEY (slot=? AND id=?)"}, []string{sorted}},
		{"Observation", "_id=7-7,8-8", []string{"SEARCH x USING PRIMARY KEY (type=? AND id=?"}, []string{"resource_n"}},
		{"Observation", "code=c1&_sort=_id", []string{toN}, nil},
		{"Observation", "code=c1&_sort=subject", []string{fromN}, nil},
		{"Observation", "subject=Patient/7,Patient/8", []string{"SEARCH x USING PRIMARY KEY (slot=? AND id=?"}, []string{fromN}},
	} {
		page, count := explained(t, s, test.typ, test.query)
		inner, _, _ := strings.Cut(page, "SCAN p")
		for _, want := range test.want {
			if !strings.Contains(strings.ReplaceAll(inner, "COVERING ", ""), want) {
				t.Errorf("%s?%s: the plan lacks %q:\n%s", test.typ, test.query, want, page)
			}
		}
		for _, not := range test.not {
			if strings.Contains(strings.ReplaceAll(inner, "COVERING ", ""), not) {
				t.Errorf("%s?%s: the plan has %q:\n%s", test.typ, test.query, not, page)
			}
		}
		for line := range strings.Lines(page + count) {
			for _, table := range []string{"x", "t", "r1", "t1", "r2", "t2", "reference", "resource"} {
				if strings.HasPrefix(line, "SCAN "+table+" ") || line == "SCAN "+table+"\n" {
					t.Errorf("%s?%s: a whole table is read (%s):\n%s", test.typ, test.query, strings.TrimSpace(line), page)
				}
			}
		}
	}
}
