package sqlite

import (
	"fmt"
	"log/slog"
	"maps"
	"math"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"zombiezen.com/go/sqlite"
)

// parameter is a row of table parameter.
type parameter struct {
	id       string
	def      *r4.SearchParam
	job      int64 // 0 = undecided
	complete bool
}

// parameters reads the search parameters in force. One that this program cannot serve (another version could) is left out.
func (w *writer) parameters() (list []*parameter, err error) {
	err = w.conn.each("SELECT id, definition, job FROM parameter ORDER BY id", func(stmt *sqlite.Stmt) error {
		p := &parameter{id: stmt.ColumnText(0), job: stmt.ColumnInt64(2), complete: stmt.ColumnIsNull(2)}
		if p.def, err = w.definition(p.id, stmt.ColumnText(1)); err != nil {
			w.store.options.Log.Warn("a search parameter of the store cannot be served", slog.String("id", p.id), slog.String("cause", err.Error()))
			return nil
		}
		list = append(list, p)
		return nil
	})
	return list, err
}

func (w *writer) definition(id, text string) (*r4.SearchParam, error) {
	if def := w.definitions[text]; def != nil {
		return def, nil
	}
	def, err := w.store.options.Params.Define(fhir.Stored(searchParameter, id, "", timeOf(0), text))
	if err == nil && def == nil {
		err = fmt.Errorf("it is not active")
	}
	if err != nil {
		return nil, err
	}
	if w.definitions == nil || len(w.definitions) > 2*search.MaxCustom {
		w.definitions = make(map[string]*r4.SearchParam)
	}
	w.definitions[text] = def
	return def, nil
}

const searchParameter = "SearchParameter"

// define puts what a SearchParameter resource defines in force, or no more in force: def is nil where the version that was just
// written defines nothing.
func (w *writer) define(id, text string, def *r4.SearchParam) error {
	list, err := w.parameters()
	if err != nil {
		return err
	}
	var known *parameter
	for _, p := range list {
		switch {
		case p.id == id:
			known = p
		case def != nil && w.store.options.Params.Overlap(p.def, def):
			return fhir.NewOutcome(fhir.Duplicate, "the search parameter cannot be put in force: SearchParameter/"+p.id+", which is active, has its url, or its code for a resource type that both are for", "SearchParameter.code")
		}
	}
	switch {
	case def == nil:
		if err := w.conn.exec("DELETE FROM parameter WHERE id = ?", id); err != nil || known == nil {
			return err
		}
	case known == nil && len(list) >= search.MaxCustom:
		return fhir.NewOutcome(fhir.TooCostly, fmt.Sprintf("the search parameter cannot be put in force: there are %d, and each of them costs time with every write", len(list)))
	case known != nil && search.SameDefinition(known.def, def):
		return w.conn.exec("UPDATE parameter SET definition = ? WHERE id = ?", text, id)
	default:
		if err := w.conn.exec("INSERT INTO parameter (id, definition, job) VALUES (?, ?, 0) ON CONFLICT DO UPDATE SET definition = excluded.definition, job = 0", id, text); err != nil {
			return err
		}
	}
	w.changed = true
	return nil
}

// defineAll puts in force what the resources of a store define that no program has looked at under this aspect before.
func (w *writer) defineAll() error {
	typ, err := w.store.names.id(w.conn, typeName, searchParameter)
	if err != nil || typ == 0 {
		return err
	}
	last, err := w.conn.lastN(typ)
	if err != nil {
		return err
	}
	var bodies []string
	r := reader{w.store, w.conn}
	if err := r.eachRow(typ, 0, last, math.MaxInt32, func(_, _ int64, body string) error {
		bodies = append(bodies, strings.Clone(body))
		return nil
	}); err != nil {
		return err
	}
	for _, body := range bodies {
		id := idOf(body, searchParameter)
		def, err := w.store.options.Params.Define(fhir.Stored(searchParameter, id, "", timeOf(0), body))
		if err == nil && def != nil {
			err = w.define(id, body, def)
		}
		if err != nil {
			w.store.options.Log.Warn("a search parameter of the store cannot be served", slog.String("id", id), slog.String("cause", err.Error()))
		}
	}
	return nil
}

// settleParameters decides what becomes of the index after parameters have changed: slots that nobody uses any more are dropped,
// and new ones get a job that fills them, unless no resource can have a value there.
func (w *writer) settleParameters() error {
	list, err := w.parameters()
	if err != nil {
		return err
	}
	params := w.store.options.Params
	used, complete, unused := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	official := make(map[string]bool) // keys, of the types that matter
	seen := make(map[string]bool)     // types
	add := func(set map[string]bool, def *r4.SearchParam) {
		for _, typ := range params.Types(def) {
			if !seen[typ] {
				seen[typ] = true
				keys, _ := params.Keys(typ)
				maps.Copy(official, keys)
			}
			maps.Copy(set, params.KeysOf(def, typ))
		}
	}
	for _, p := range list {
		add(used, p.def)
		if p.complete {
			add(complete, p.def)
		}
	}
	for _, c := range params.Custom() {
		add(unused, c.Def)
		if c.Complete {
			add(complete, c.Def)
		}
	}
	for key := range unused {
		if !used[key] && !official[key] {
			if err := w.drop(key); err != nil {
				return err
			}
		}
	}
	maps.Copy(complete, official)
	if err := w.assign(list, complete); err != nil {
		return err
	}
	return w.conn.exec("UPDATE index_job SET state = 'cancelled', ended = ? WHERE kind = 'parameter' AND state IN ('queued', 'running') AND NOT EXISTS (SELECT 1 FROM parameter p WHERE p.job = index_job.id)",
		w.counters.now)
}

// assign gives the undecided parameters to a job that fills their slots: to one that has not begun yet, if there is any.
func (w *writer) assign(list []*parameter, complete map[string]bool) error {
	params := w.store.options.Params
	types := make(map[string]bool)
	var pending []*parameter
	for _, p := range list {
		if p.complete || p.job != 0 {
			continue
		}
		missing := false
		for _, typ := range params.Types(p.def) {
			for key := range params.KeysOf(p.def, typ) {
				if !complete[key] {
					types[typ], missing = true, true
				}
			}
		}
		if missing {
			pending = append(pending, p)
		} else if err := w.conn.exec("UPDATE parameter SET job = NULL WHERE id = ?", p.id); err != nil {
			return err
		}
	}
	if len(pending) == 0 {
		return nil
	}
	id, err := w.parameterJob(types)
	if err != nil {
		return err
	}
	for _, p := range pending {
		job := any(id)
		if id == 0 {
			job = nil // there is no resource that could have a value
		}
		if err := w.conn.exec("UPDATE parameter SET job = ? WHERE id = ?", job, p.id); err != nil {
			return err
		}
	}
	return w.conn.exec("UPDATE index_job SET url = (SELECT group_concat(json_extract(definition, '$.url'), ' ') FROM parameter WHERE job = index_job.id) WHERE id = ?", id)
}
