// Package bench drives a FHIR R4 server with a workload and tells how fast, and how truthfully, it answered. The server may be
// any: the same numbers size hardware and compare servers.
//
//	Config -> greet (/metadata) -> prepare (harvest ids, read files) -> virtual users -> tallies -> Report
//
// A virtual user owns one connection (package wire) and runs iterations of the workload (read.go, crud.go, search.go, mix.go,
// transaction.go, load.go). Two models send the iterations:
//
//   - closed (closed.go): each virtual user sends the next request when the answer is there. The server sets the pace.
//   - open (open.go): iterations arrive at a rate whether the server keeps up or not, and latency counts from the moment an
//     iteration was due, so that a stalled server cannot hide behind a generator that waited for it (coordinated omission).
//
// What is counted where: a request is an error when it was not answered or answered with a status that is no success; it is
// wrong when it claims success and package answer disproves it. Latencies are those of the successful requests.
package bench
