package sqlite_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir/store/sqlite"
)

// TestQuantitiesOfAnOldStore opens a store from before there were numbers and quantities: of the first schema, and indexed by what did
// not know them.
func TestQuantitiesOfAnOldStore(t *testing.T) {
	first, err := os.ReadFile("migrations/0001_foundation.sql")
	if err != nil {
		t.Fatal(err)
	}
	dir, p := t.TempDir(), params(t)
	script(t, dir, string(first)+`;
		PRAGMA application_id = 1097753705; PRAGMA user_version = 1;
		INSERT INTO setting VALUES ('index', '0.0');
		INSERT INTO dictionary VALUES (1, 1, 'Observation'), (2, 1, 'RiskAssessment'), (3, 3, 'Observation token Observation.status');
		INSERT INTO resource VALUES (1, 'a', 1), (1, 'b', 2), (2, 'r', 1);
		INSERT INTO version VALUES
			(1, 1 << 32 | 1, 1, 1700000000000, 1, NULL, '{"resourceType":"Observation","id":"a","status":"final","valueQuantity":{"value":5.4,"system":"http://unitsofmeasure.org","code":"mg"}}'),
			(2, 1 << 32 | 2, 1, 1700000000000, 1, NULL, '{"resourceType":"Observation","id":"b","status":"final","valueQuantity":{"value":0.0054,"system":"http://unitsofmeasure.org","code":"g"}}'),
			(3, 2 << 32 | 1, 1, 1700000000000, 1, NULL, '{"resourceType":"RiskAssessment","id":"r","prediction":[{"probabilityDecimal":0.25}]}');
		INSERT INTO current SELECT rid, seq, 0 FROM version;
		INSERT INTO token VALUES (3, 'final', 1, 0), (3, 'final', 2, 0);`)
	s := open(t, sqlite.Options{Dir: dir, Params: p})
	if err := s.Index(t.Context()); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[[3]string][]string{
		{"Observation", "value-quantity", "5.4|http://unitsofmeasure.org|mg"}: {"a", "b"},
		{"Observation", "value-quantity", "gt1"}:                              {"a"},
		{"RiskAssessment", "probability", "0.25"}:                             {"r"},
	} {
		if got := find(t, s, p, query[0], query[1], query[2]); !slices.Equal(got, want) {
			t.Errorf("%v finds %v, want %v", query, got, want)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestCheckFindsQuantities damages the rows of numbers and quantities.
func TestCheckFindsQuantities(t *testing.T) {
	p := params(t)
	for damage, want := range map[string]string{
		"DELETE FROM quantity WHERE unit > 0":                                            "Observation/1: a quantity value is missing",
		"UPDATE quantity SET low = x'80' WHERE unit < 0":                                 "Observation/1: a quantity value is missing",
		"UPDATE quantity SET high = x'ff' WHERE unit > 0":                                "Observation/1: a quantity value is missing",
		"INSERT INTO quantity SELECT slot, 0, low, high, n FROM quantity WHERE unit > 0": "has 1 quantity values that no resource gives",
		"DELETE FROM number": "RiskAssessment/1: a number value is missing",
		"INSERT INTO number SELECT slot, low, x'ff', n FROM number": "has 1 number values that no resource gives",
	} {
		dir := t.TempDir()
		s := open(t, sqlite.Options{Dir: dir, Params: p})
		put(t, s, `{"resourceType":"Observation","id":"1","valueQuantity":{"value":5.4,"unit":"milligram","system":"http://unitsofmeasure.org","code":"mg"}}`,
			`{"resourceType":"RiskAssessment","id":"1","prediction":[{"probabilityDecimal":0.25}]}`)
		if err := s.Check(t.Context()); err != nil {
			t.Fatalf("an undamaged store: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		script(t, dir, damage)
		s = open(t, sqlite.Options{Dir: dir, Params: p})
		if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: Check says %v, want %s", damage, err, want)
		}
	}
}
