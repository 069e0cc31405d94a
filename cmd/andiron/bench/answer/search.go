package answer

import "fmt"

// Query is what a searchset must answer to.
type Query struct {
	Type  string               // resource type searched
	Count int                  // _count: the most matches on a page
	Match func(*Resource) bool // nil: every resource of the type matches
	// Known are ids that are known to match. They must be there when the page is the last one.
	Known map[string]struct{}
}

// Check reads a searchset and gives the number of its matches. An entry that does not say why it is there counts as a match;
// the silence is wrong only where nothing worse is.
func (q *Query) Check(text []byte) (matches int, wrong *Wrong) {
	known := 0
	var silent *Wrong
	bundle, malformed := ReadBundle(text, func(e *Entry) {
		switch string(e.Mode) {
		case "match":
		case "":
			silent = &Wrong{"an entry does not say its search.mode", string(e.Resource.Type) + "/" + string(e.Resource.ID)}
		default:
			return // included resources and outcomes
		}
		matches++
		if _, ok := q.Known[string(e.Resource.ID)]; ok {
			known++
		}
		if wrong == nil {
			wrong = q.match(&e.Resource)
		}
	})
	switch {
	case malformed != nil:
		return 0, malformed
	case wrong != nil:
		return matches, wrong
	case bundle.Type != "searchset":
		return matches, &Wrong{"the Bundle is not a searchset", bundle.Type}
	case matches > q.Count:
		return matches, &Wrong{"the page has more matches than _count allows", fmt.Sprintf("%d, not %d", matches, q.Count)}
	case bundle.Total >= 0 && bundle.Total < matches:
		return matches, &Wrong{"Bundle.total is less than the matches of one page", fmt.Sprintf("%d, not %d", bundle.Total, matches)}
	case bundle.Next == "" && known < len(q.Known):
		return matches, &Wrong{"matches are missing", fmt.Sprintf("%d of the %d that are known to match", len(q.Known)-known, len(q.Known))}
	}
	return matches, silent
}

func (q *Query) match(r *Resource) *Wrong {
	if string(r.Type) != q.Type {
		return &Wrong{"a match is of another type than the one searched", string(r.Type) + "/" + string(r.ID)}
	}
	if len(r.ID) == 0 {
		return &Wrong{Reason: "a match has no id"}
	}
	if q.Match != nil && !q.Match(r) {
		return &Wrong{"a match does not match the query", string(r.Type) + "/" + string(r.ID)}
	}
	return nil
}
