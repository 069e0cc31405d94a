package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// TestQuantityPlans checks that quantities are looked up, with a unit and without, as a driver and as a test.
func TestQuantityPlans(t *testing.T) {
	s := openInternal(t)
	ctx := t.Context()
	for i := range 100 {
		if err := s.Update(ctx, nil, func(tx fhir.Tx) error {
			for o := range 12 {
				comparator := ""
				if i == 7 && o == 7 {
					comparator = `"comparator":">",`
				}
				r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"Observation","id":"%d-%d","code":{"coding":[{"code":"c%d"}]},"subject":{"reference":"Patient/%d"},
					"valueQuantity":{"value":%d,%s"system":"http://unitsofmeasure.org","code":"%s"}}`, i, o, o%3, i, 12*i+o, comparator, []string{"mg", "g", "mm"}[o%3]), fhir.Limits{})
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
	many := strings.TrimSuffix(strings.Repeat("gt1190|http://unitsofmeasure.org|mm,", 20), ",")
	for query, want := range map[string][]string{
		"value-quantity=1195|http://unitsofmeasure.org|mg":                 {"USING PRIMARY KEY (slot=? AND unit=? AND low>? AND low<?)"},
		"value-quantity=gt1190|http://unitsofmeasure.org|mm":               {"USING PRIMARY KEY (slot=? AND unit=? AND low>?)", "quantity_high (slot=? AND unit=? AND high>?)"},
		"value-quantity=ap1190|http://unitsofmeasure.org|mm":               {"USING PRIMARY KEY (slot=? AND unit=? AND low>? AND low<?)", "quantity_high (slot=? AND unit=? AND high>?)"},
		"value-quantity=lt9||mm":                                           {"USING PRIMARY KEY (slot=? AND unit=? AND low<?)"},
		"value-quantity=gt1190":                                            {"USING PRIMARY KEY (slot=? AND unit=? AND low>?)", "quantity_high (slot=? AND unit=? AND high>?)", "quantity USING PRIMARY KEY (slot=? AND unit>?)"},
		"value-quantity=" + many:                                           {"USING PRIMARY KEY (slot=? AND unit=? AND low>?)", "quantity_high (slot=? AND unit=? AND high>?)"},
		"subject=Patient/7&value-quantity=ge1|http://unitsofmeasure.org|g": {"slot=? AND id=?", "USING COVERING INDEX quantity_n (slot=? AND n=? AND unit=? AND low>?)"},
		"subject=Patient/7&value-quantity=ge1":                             {"slot=? AND id=?", "USING COVERING INDEX quantity_n (slot=? AND n=? AND unit<?)"},
		"subject=Patient/7&_sort=-value-quantity":                          {"slot=? AND id=?", "USING COVERING INDEX quantity_n (slot=? AND n=? AND unit>?)"},
		"value-quantity:missing=true":                                      {"USING COVERING INDEX quantity_n (slot=? AND n=?)"},
		"code=c1&value-quantity:missing=false":                             {"USING COVERING INDEX quantity_n (slot=? AND n=?)"},
	} {
		page, count := explained(t, s, "Observation", query)
		for _, part := range want {
			if !strings.Contains(page, part) {
				t.Errorf("%.100s: the plan lacks %q:\n%s", query, part, page)
			}
		}
		for _, plan := range []string{page, count} {
			for line := range strings.Lines(plan) {
				if strings.HasPrefix(strings.TrimSpace(line), "SCAN x") || strings.HasPrefix(strings.TrimSpace(line), "SCAN quantity") {
					t.Errorf("%.100s: a whole table is read (%s):\n%s", query, strings.TrimSpace(line), plan)
				}
			}
		}
	}
}
