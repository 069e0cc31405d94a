// Package answer tells whether what a FHIR server answered is true: the resource that was asked for, matches that match,
// versions that rise. A server is not fast when it is wrong quickly.
//
// There are two depths, because checking takes time away from the server under test:
//
//   - cheap, for every answer: members sought as bytes (Has, Count), a fraction of a microsecond;
//   - full, for a sample: one pass over the JSON (Bundle, Resource), about a microsecond per kilobyte. The pass keeps
//     nothing and skips what the checks do not look at, which makes it several times cheaper than encoding/json.
//
// Nothing here shares code with Andiron's server, so that a mistake there cannot hide itself.
package answer
