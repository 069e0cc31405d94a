package demo

import (
	"embed"
	"fmt"

	"andiron.dev/fhir"
)

//go:embed *.json
var files embed.FS

// names are the files in the order of loading: what is referred to comes first.
func names() []string {
	return []string{
		"organizations", "locations", "services", "staff", "schedules", "patients",
		"stock", "stock-usage", "prices", "insurance", "monitoring", "records", "visits",
	}
}

// Bundles are the demo hospital: transaction Bundles, to be stored in this order. An error means that a file is broken, which
// the tests rule out.
func Bundles() ([]*fhir.Resource, error) {
	list := make([]*fhir.Resource, 0, len(names()))
	for _, name := range names() {
		text, err := files.ReadFile(name + ".json")
		if err != nil {
			return nil, err
		}
		bundle, err := fhir.ParseResource(string(text), fhir.BundleLimits())
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", name, err)
		}
		list = append(list, bundle)
	}
	return list, nil
}
