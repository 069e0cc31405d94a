package sqlite

import (
	"hash/maphash"
	"strings"

	"andiron.dev/fhir"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// words compares the full text index with what the resources give. Both sides are added up, which needs no memory; only where the
// sums differ are resources looked up one by one.
func (k *checking) words() error {
	if k.rewording {
		return nil
	}
	seed := maphash.MakeSeed()
	sum := func(rid int64, word string) uint64 {
		return maphash.Comparable(seed, struct {
			rid  int64
			word string
		}{rid, word})
	}
	var found, expected uint64
	if err := k.eachCurrent(0, func(rid int64, r *fhir.Resource) error {
		if err := k.ctx.Err(); err != nil {
			return givenUp(err)
		}
		for _, word := range k.store.options.Params.Words(r) {
			expected += sum(rid, word)
		}
		return nil
	}); err != nil {
		return asOutcome(err)
	}
	if err := sqlitex.ExecuteTransient(k.conn.Conn, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word_instance USING fts5vocab('main', 'words', 'instance')", nil); err != nil {
		return asOutcome(err)
	}
	if err := k.query(k.ctx, sql("SELECT doc, term FROM temp.word_instance"), func(stmt *sqlite.Stmt) error {
		found += sum(stmt.ColumnInt64(0), stmt.ColumnText(1))
		return nil
	}); err != nil {
		return err
	}
	if found == expected {
		return nil
	}
	return k.wordsOfEach()
}

// wordsOfEach names the resources whose words are not as they should be.
func (k *checking) wordsOfEach() error {
	indexed := make(map[int64][]string) // by rid; the terms come in order
	if err := k.query(k.ctx, sql("SELECT doc, term FROM temp.word_instance"), func(stmt *sqlite.Stmt) error {
		rid := stmt.ColumnInt64(0)
		indexed[rid] = append(indexed[rid], stmt.ColumnText(1))
		return nil
	}); err != nil {
		return err
	}
	if err := k.eachCurrent(0, func(rid int64, r *fhir.Resource) error {
		if strings.Join(indexed[rid], " ") != k.store.wordsOf(r) {
			k.problem("%s/%s: its words in the full text index are not those that it has", r.Type(), r.ID())
		}
		delete(indexed, rid)
		return nil
	}); err != nil {
		return asOutcome(err)
	}
	if len(indexed) > 0 {
		k.problem("the full text index has words of %d resources that are not there", len(indexed))
	}
	return nil
}
