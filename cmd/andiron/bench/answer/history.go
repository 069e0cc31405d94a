package answer

import "fmt"

// History checks a page of the history of one resource: every entry belongs to it and says by which request it came
// (http://hl7.org/fhir/R4/bundle.html#bdl-3), newest first, no more than count of them, and at least one. It gives the number.
func History(text []byte, typ, id string, count int) (versions int, wrong *Wrong) {
	newer := []byte(nil)
	bundle, malformed := ReadBundle(text, func(e *Entry) {
		versions++
		if wrong == nil {
			wrong = version(e, typ, id, newer)
		}
		newer = e.Resource.Version
	})
	switch {
	case malformed != nil:
		return 0, malformed
	case wrong != nil:
		return versions, wrong
	case bundle.Type != "history":
		return versions, &Wrong{"the Bundle is not a history", bundle.Type}
	case versions == 0:
		return versions, &Wrong{"the history of a resource that exists is empty", typ + "/" + id}
	case versions > count:
		return versions, &Wrong{"the page has more entries than _count allows", fmt.Sprintf("%d, not %d", versions, count)}
	}
	return versions, nil
}

func version(e *Entry, typ, id string, newer []byte) *Wrong {
	if len(e.Method) == 0 {
		return &Wrong{"an entry of the history has no request", typ + "/" + id}
	}
	if !e.HasResource { // a deletion
		if string(e.Method) == "DELETE" && RefersTo(e.URL, typ, id) {
			return nil
		}
		return &Wrong{"an entry of the history has no resource", string(e.Method) + " " + string(e.URL)}
	}
	if wrong := e.Resource.Is(typ, id); wrong != nil {
		return &Wrong{"an entry of the history is of another resource", wrong.Detail}
	}
	if older := e.Resource.Version; len(newer) > 0 && !Later(older, newer) {
		return &Wrong{"the history is not sorted with the oldest version last", typ + "/" + id + " " + string(newer) + " before " + string(older)}
	}
	return nil
}
