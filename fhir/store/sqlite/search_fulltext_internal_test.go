package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// TestFullTextPlans checks that a search for words reads the index in order, from where the page begins, and gathers matches to
// test others, unless they are many: then it reads the others.
func TestFullTextPlans(t *testing.T) {
	const many = 2000
	s := openInternal(t)
	ctx := t.Context()
	if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
		for i := range many + 100 {
			r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Observation","id":"%d","code":{"coding":[{"code":"c%d"}],"text":"common rare%d"},"subject":{"reference":"Patient/%d"}}`, i, i%3, i%500, i%9), fhir.Limits{})
			if err == nil {
				_, err = tx.Put(ctx, r)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.sample.most = many
	const sorted, inOrder, gathered, read = "TEMP B-TREE FOR ORDER BY", "SCAN x VIRTUAL TABLE INDEX 64:M1><", "LIST SUBQUERY", "SEARCH z USING INTEGER PRIMARY KEY (rowid=?)"
	for query, want := range map[string][]string{
		"_content=common":                   {inOrder},
		"_content=rare7":                    {inOrder},
		`_content="common rare7"`:           {inOrder},
		"_content=common&_content=rare7":    {inOrder, read},
		"_content=common&subject=Patient/1": {read},
		"_content=-rare7":                   {gathered},
		"_content=-common":                  {read},
		"_content=-rare7&subject=Patient/1": {gathered},
		"_content=common,rare7":             {inOrder},
	} {
		page, _ := explained(t, s, "Observation", query)
		inner, _, _ := strings.Cut(page, "SCAN p")
		if strings.Contains(inner, sorted) {
			t.Errorf("%s sorts what it finds:\n%s", query, page)
		}
		for _, text := range want {
			if !strings.Contains(page, text) {
				t.Errorf("%s: the plan lacks %q:\n%s", query, text, page)
			}
		}
	}
}
