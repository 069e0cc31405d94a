package sqlite

import (
	"cmp"
	"fmt"
	"slices"

	"andiron.dev/fhir"
)

// wording is a change of the words under which a resource is found.
type wording struct {
	rid           int64
	before, after string // words with a space between them
}

// maxWordings is how many changes wait to be written together.
const maxWordings = 4096

// wordsOf gives the words of a resource as table words takes them.
func (s *Store) wordsOf(r *fhir.Resource) string { return s.options.Params.WordText(r) }

// reword notes a change of words. SQLite gathers the words of a transaction in memory, but only as long as the rowids go
// up, so the writer gathers resources and writes their words in order: before it commits, before it looks for words, and
// when there are many.
func (w *writer) reword(rid int64, before, after string) error {
	if before == after {
		return nil
	}
	if ahead, err := w.ahead(rid); ahead || err != nil {
		return err
	}
	w.wordings = append(w.wordings, wording{rid, before, after})
	if len(w.wordings) < maxWordings {
		return nil
	}
	return w.writeWords()
}

// writeWords writes the words that wait. All words of a resource go and come together: so SQLite's count of resources stays
// right.
func (w *writer) writeWords() error {
	slices.SortStableFunc(w.wordings, func(a, b wording) int { return cmp.Compare(a.rid, b.rid) })
	for _, change := range w.wordings {
		if change.before != "" {
			w.deleteWords.BindInt64(1, change.rid)
			w.deleteWords.BindText(2, change.before)
			if err := run(w.deleteWords); err != nil {
				return fmt.Errorf("removing words: %w", err)
			}
		}
		if change.after != "" {
			w.insertWords.BindInt64(1, change.rid)
			w.insertWords.BindText(2, change.after)
			if err := run(w.insertWords); err != nil {
				return fmt.Errorf("adding words: %w", err)
			}
		}
	}
	w.wordings = w.wordings[:0]
	return nil
}
