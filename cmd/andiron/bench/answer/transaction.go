package answer

import "fmt"

// Created checks the response of a transaction of which every entry creates a resource of a type: one entry for each, in
// the order of the requests, with the status 201 and a Location. Where the type is "", any success will do. It calls visit,
// if there is one, with each new id.
func Created(text []byte, types []string, visit func(n int, id []byte)) (entries int, wrong *Wrong) {
	bundle, malformed := ReadBundle(text, func(e *Entry) {
		n := entries
		entries++
		if wrong != nil || n >= len(types) {
			return
		}
		if types[n] == "" && len(e.Status) > 0 && e.Status[0] == '2' {
			return
		}
		if len(e.Status) < 3 || string(e.Status[:3]) != "201" {
			wrong = &Wrong{"an entry of a transaction that succeeded was not created", fmt.Sprintf("entry %d: status %q", n, e.Status)}
			return
		}
		id, _ := Location(e.Location, types[n])
		if id == nil {
			wrong = &Wrong{"a created entry does not say where it is", fmt.Sprintf("entry %d of type %s: location %q", n, types[n], e.Location)}
			return
		}
		if visit != nil {
			visit(n, id)
		}
	})
	switch {
	case malformed != nil:
		return 0, malformed
	case wrong != nil:
		return entries, wrong
	case bundle.Type != "transaction-response":
		return entries, &Wrong{"the Bundle is not a transaction-response", bundle.Type}
	case entries != len(types):
		return entries, &Wrong{"the transaction-response does not have an entry for each request", fmt.Sprintf("%d, not %d", entries, len(types))}
	}
	return entries, nil
}
