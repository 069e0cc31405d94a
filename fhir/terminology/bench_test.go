package terminology_test

import (
	"fmt"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// BenchmarkResolve measures what a search pays for a value set: definitions are read and evaluated anew each time.
func BenchmarkResolve(b *testing.B) {
	concepts := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf(`{"code":"c%d","display":"Concept number %d"}`, i, i)
		}
		return strings.Join(list, ",")
	}
	l := newLibrary(b,
		`CodeSystem/s {"url":"urn:s","content":"complete","concept":[{"code":"top","concept":[`+concepts(5_000)+`]},{"code":"other"}]}`,
		`ValueSet/hundred {"url":"urn:hundred","compose":{"include":[{"system":"urn:t","concept":[`+concepts(100)+`]}]}}`,
		`ValueSet/most {"url":"urn:most","compose":{"include":[{"system":"urn:t","concept":[`+concepts(10_000)+`]}]}}`,
		`ValueSet/below {"url":"urn:below","compose":{"include":[{"system":"urn:s","filter":[{"property":"concept","op":"is-a","value":"top"}]}]}}`,
	)
	for _, c := range []struct{ name, query string }{
		{"ListOf100", "code:in=urn:hundred"}, {"ListOf10000", "code:in=urn:most"}, {"FilterOver5000", "code:in=urn:below"}, {"Below", "code:below=urn:s|top"}, {"Embedded", "status:below=amended"},
	} {
		params, err := fhir.ParseParams(c.query)
		if err != nil {
			b.Fatal(err)
		}
		q, _, err := l.params.Parse("Observation", params, search.Options{Strict: true})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				l.reread()
				if _, _, err := l.evaluator().Resolve(b.Context(), q, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// reread makes the stored resources what they are when they come out of a store: texts that nobody has parsed yet.
func (l *library) reread() {
	for reference, r := range l.matcher.All() {
		l.matcher.All()[reference] = fhir.Stored(r.Type(), r.ID(), r.VersionID(), r.LastUpdated(), r.Body())
	}
}
