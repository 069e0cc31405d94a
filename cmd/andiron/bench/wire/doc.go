// Package wire is one HTTP/1.1 connection of a load generator: one request at a time, the answer in memory that the next
// request uses again.
//
// The generator shares the machine with the server it measures, so what a request costs here is taken away from the
// server. net/http's client hands every request to two goroutines and several maps; a virtual user needs neither a pool
// nor redirects nor cookies, only bytes out and bytes in (RFC 9112).
//
// Redirects are not followed (an Authorization field never leaves for another host), proxies are not used.
package wire
