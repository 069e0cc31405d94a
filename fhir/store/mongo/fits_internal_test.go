package mongo

import (
	"strconv"
	"testing"

	"andiron.dev/fhir"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// TestFits: lists that no command takes are refused before the server closes the connection, and those are not that it takes.
func TestFits(t *testing.T) {
	ids := make([]string, maxResolved)
	for i := range ids {
		ids[i] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789" + strconv.Itoa(100_000+i)
	}
	once := byIDs(ids[:maxResolved*9/10])
	if err := fits(once); err != nil {
		t.Errorf("most ids: %v", err)
	}
	doc, err := bson.Marshal(once)
	if err != nil || len(doc) > listed(once)+100 || len(doc) < listed(once)*9/10 {
		t.Errorf("%d bytes are taken for %d, %v", len(doc), listed(once), err)
	}
	if err := fits(bson.A{bson.D{field("$match", anyOf([]bson.D{once, once}))}}); fhir.CodeOf(err) != fhir.TooCostly {
		t.Errorf("twice as many: %v", err)
	}
}
