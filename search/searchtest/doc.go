// Package searchtest is a small language for tests of search, and its runner. A script loads resources and says what searches
// find; it reads as documentation, and runs on the in-memory matcher and on every engine.
//
//	# identifier with and without its system
//	load
//	  Patient/a {"identifier":[{"system":"urn:mrn","value":"1"}]}
//	  Patient/b {"identifier":[{"system":"urn:ssn","value":"1"}]}
//
//	search Patient?identifier=1           => a b
//	search Patient?identifier=urn:mrn|1   => a
//	search Patient?_sort=-_id&_count=1    => b | a
//	search Patient?_total=accurate        => a b total 2
//	search Patient?shoe-size=44           => a b warning not-supported
//	search strict Patient?shoe-size=44    => error not-supported
//	search ?_type=Patient&_tag=x          => a
//	search Patient/a/*?_count=1           => a
//	delete Patient/a
//	clock 2024-06-01T12:00:00Z
//
// Without _sort the order does not matter; '|' stands between pages. The clock stands still at noon UTC on 2024-05-31 until it
// is set. The server's base is http://example.org/fhir. Line ends within a resource are allowed where the line that goes on
// is indented more deeply.
package searchtest
