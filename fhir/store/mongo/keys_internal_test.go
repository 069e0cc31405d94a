package mongo

import (
	"testing"

	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/store/storetest"
	"andiron.dev/search"
	"andiron.dev/search/ucum"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestKeys counts what a resource costs the indexes: B-tree keys in all of them, on a clinic's records.
func TestKeys(t *testing.T) {
	storetest.Single(t)
	list := synthea(t, 10)
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	units, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, units)
	values, words, size, native := 0, 0, 0, 0
	for _, r := range list {
		elements, err := appendIndex(nil, params, r)
		if err != nil {
			t.Fatal(err)
		}
		content, err := appendContent(nil, r.Body())
		if err != nil {
			t.Fatal(err)
		}
		size, native = size+len(elements), native+len(content)
		doc := bson.Raw(appendDocument(elements))
		keys := make(map[[3]string]bool)
		array, err := doc.Lookup("idx").Array().Values()
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range array {
			d := v.Document()
			text := func(name string) string { s, _ := d.Lookup(name).StringValueOK(); return s }
			keys[[3]string{text("s"), text("k"), text("v")}] = true
		}
		all, err := doc.Lookup("words").Array().Values()
		if err != nil {
			t.Fatal(err)
		}
		values, words = values+len(keys), words+max(1, len(all))
	}
	n := float64(len(list))
	others := len(indexes("Patient")) - 2 + 1 // one key each, and _id
	total := float64(values+words)/n + float64(others)
	t.Logf("%d resources: %.1f keys by value, %.1f by word, %d others, %.1f in all; %.0f bytes native, %.0f bytes of index values", len(list), float64(values)/n, float64(words)/n, others, total, float64(native)/n, float64(size)/n)
	if total >= 40 {
		t.Errorf("%.1f keys for a resource; fewer than 40 are wanted", total)
	}
}
