// Package spec runs the specification as exchanges: files that hold requests and the responses that R4 demands, side by
// side, readable as documentation and run as tests against a whole server on an empty store.
//
//	# Lines that begin with '#' are prose. Those above the first exchange are about the file.
//	# @server single-delete          a setting of the server, see below
//
//	### A title begins an exchange
//	PUT /Patient/ann                 a path is below the base, http://localhost/fhir
//	If-Match: W/"1"
//
//	{"resourceType": "Patient", "id": "ann"}
//
//	HTTP 200 OK
//	ETag: W/"2"
//
//	{"resourceType": "Patient", "id": "ann", "meta": {…}}
//
// Ids that the server makes stand as {{name}}: the first response that shows one gives it the name, and later requests and
// responses use it. {{any}} stands for an id that nothing refers to, such as that of a searchset. The clock stands still during an exchange
// and moves on by a second with the next; the first is at 2024-05-01T10:00:00Z. So times need no placeholders.
//
// A body is sent as FHIR JSON (JSON Patch with PATCH) unless Content-Type says something else; an empty header is not
// sent. JSON responses are laid out anew. Headers that every answer carries, FHIR JSON as Content-Type among them, are left
// out of the files.
//
// Directives, each a comment of its own before the request line:
//
//	# @gzip               send the body compressed
//	# @raw                compare the body as it came, layout included
//	# @show Header        compare a header that is left out otherwise
//	# @wait 61m           let so much time pass before the exchange
//	# @engine sqlite      leave the exchange out where the tests run on another engine
//	# @index              let the store finish what it does to its search index beside requests
//	# @server setting     at the top of the file: single-delete; base-url URL; origin URL; max-entries N; max-included N; search-limit N
//
// "go test -run TestHTTP -update" writes the responses that the server gives into the files; read the difference before
// you commit it.
package spec
