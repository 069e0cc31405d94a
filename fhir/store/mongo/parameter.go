package mongo

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

const (
	searchParameter = "SearchParameter"
	parametersName  = "parameters" // those in force that resources of the store define
)

// parameter is a search parameter in force.
type parameter struct {
	ID   string `bson:"_id"` // of the resource
	Text string `bson:"definition"`
	Job  int64  `bson:"job"` // that fills its index; 0 = the index has its values for all resources

	def       *r4.SearchParam
	undecided bool
}

// definition is what a written SearchParameter puts in force; nil = nothing, and no more what it did before.
type definition struct {
	id, text string
	def      *r4.SearchParam
}

// parameters reads those in force. One that this program cannot serve (another version could) is left out.
func (r *reader) parameters(ctx context.Context) (list []*parameter, err error) {
	params := r.store.options.Params
	err = r.find(ctx, parametersName, bson.D{}, func(raw bson.Raw) error {
		p := &parameter{}
		if err := bson.Unmarshal(raw, p); err != nil {
			return fhir.Internal(err)
		}
		if p.def, err = params.Define(fhir.Stored(searchParameter, p.ID, "", time.Time{}, p.Text)); err != nil || p.def == nil {
			r.store.log.Warn("a search parameter of the store cannot be served", slog.String("id", p.ID))
			return nil
		}
		list = append(list, p)
		return nil
	}, options.Find().SetSort(bson.D{field("_id", 1)}))
	return list, err
}

// settle puts in force what the commit defines, and makes the jobs that the index needs for it.
func (c *commit) settle() error {
	if len(c.defines) == 0 {
		return nil
	}
	before, err := c.parameters(c.ctx)
	if err != nil {
		return err
	}
	after := make(map[string]*parameter)
	for _, p := range before {
		copied := *p
		after[p.ID] = &copied
	}
	changed := false
	for _, d := range c.defines {
		effect, err := c.define(after, d)
		if err != nil {
			return err
		}
		changed = changed || effect
	}
	if !changed {
		return c.keepParameters(before, after)
	}
	if err := c.assign(before, after); err != nil {
		return err
	}
	c.counters.Generation++
	c.settled = true
	return c.keepParameters(before, after)
}

// define puts one definition in force, or ends what it was. It reports whether that changes what is indexed.
func (c *commit) define(list map[string]*parameter, d definition) (changed bool, err error) {
	params := c.store.options.Params
	known := list[d.id]
	if d.def == nil {
		delete(list, d.id)
		return known != nil, nil
	}
	for _, id := range sortedNames(list) {
		if id != d.id && params.Overlap(list[id].def, d.def) {
			return false, fhir.NewOutcome(fhir.Duplicate, "the search parameter cannot be put in force: SearchParameter/"+id+", which is active, has its url, or its code for a resource type that both are for", "SearchParameter.code")
		}
	}
	switch {
	case known == nil && len(list) >= search.MaxCustom:
		return false, fhir.NewOutcome(fhir.TooCostly, fmt.Sprintf("the search parameter cannot be put in force: there are %d, and each of them costs time with every write", len(list)))
	case known != nil && search.SameDefinition(known.def, d.def):
		known.Text = d.text
		return false, nil
	}
	list[d.id] = &parameter{ID: d.id, Text: d.text, def: d.def, undecided: true}
	return true, nil
}

// keysOf are the keys of the slots of a parameter, and the types that they are for.
func (c *commit) keysOf(def *r4.SearchParam, each func(typ, key string)) {
	params := c.store.options.Params
	for _, typ := range params.Types(def) {
		for key := range params.KeysOf(def, typ) {
			each(typ, key)
		}
	}
}

// assign gives the parameters whose values are not in the index to a job that fills it, and makes one that empties it of values that
// nobody asks for any more.
func (c *commit) assign(before []*parameter, after map[string]*parameter) error {
	params := c.store.options.Params
	complete, used, dropped := make(map[string]bool), make(map[string]bool), make(map[string]bool)
	official := func(typ, key string) bool {
		keys, _ := params.Keys(typ)
		return keys[key]
	}
	for _, p := range after {
		c.keysOf(p.def, func(_, key string) { used[key] = true })
	}
	for _, p := range before {
		c.keysOf(p.def, func(typ, key string) {
			complete[key] = complete[key] || p.Job == 0
			if !used[key] && !official(typ, key) {
				dropped[typ] = true
			}
		})
	}
	missing := make(map[string]bool)
	var pending []*parameter
	for _, id := range sortedNames(after) {
		p := after[id]
		if !p.undecided {
			continue
		}
		waits := false
		c.keysOf(p.def, func(typ, key string) {
			if !complete[key] && !official(typ, key) {
				missing[typ], waits = true, true
			}
		})
		if waits {
			pending = append(pending, p)
		}
	}
	if len(pending) > 0 {
		var urls []string
		for _, p := range pending {
			urls = append(urls, p.def.URL)
		}
		job, err := c.insertJob(fhir.IndexParameter, urls, missing)
		if err != nil {
			return err
		}
		for _, p := range pending {
			p.Job = job // 0: there is no resource that could have a value
		}
	}
	maps.DeleteFunc(dropped, func(typ string, _ bool) bool { return missing[typ] })
	if len(dropped) > 0 {
		if _, err := c.insertJob(fhir.IndexRepair, nil, dropped); err != nil {
			return err
		}
	}
	return c.cancelJobs(after)
}

// keepParameters writes what has changed.
func (c *commit) keepParameters(before []*parameter, after map[string]*parameter) error {
	var models []driver.WriteModel
	for _, p := range before {
		if after[p.ID] == nil {
			models = append(models, driver.NewDeleteOneModel().SetFilter(bson.D{field("_id", p.ID)}))
		}
	}
	for _, id := range sortedNames(after) {
		models = append(models, driver.NewReplaceOneModel().SetFilter(bson.D{field("_id", id)}).SetReplacement(after[id]).SetUpsert(true))
	}
	if len(models) == 0 {
		return nil
	}
	_, err := c.db.Collection(parametersName).BulkWrite(c.ctx, models)
	return err
}

// refresh takes over the search parameters that are in force, whoever has put them there.
func (s *Store) refresh(ctx context.Context) error {
	s.refreshing.Lock()
	defer s.refreshing.Unlock()
	r, err := s.reader(s.db)
	if err != nil {
		return err
	}
	defer r.end()
	generation, err := r.generation(ctx)
	if err != nil {
		return err
	}
	jobs, err := r.jobs(ctx)
	if err != nil {
		return err
	}
	s.note(jobs)
	if generation == s.options.Params.Generation() {
		return nil
	}
	list, err := r.parameters(ctx)
	if err != nil {
		return err
	}
	custom := make([]search.Custom, len(list))
	for i, p := range list {
		custom[i] = search.Custom{ID: p.ID, Def: p.def, Complete: p.Job == 0}
	}
	s.options.Params.SetCustom(generation, custom)
	s.note(jobs)
	return nil
}

// generation counts the changes in what is indexed.
func (r *reader) generation(ctx context.Context) (int64, error) {
	raw, err := r.one(ctx, stateName, commitState, bson.D{field("generation", 1)})
	if raw == nil || err != nil {
		return 0, err
	}
	n, _ := raw.Lookup("generation").AsInt64OK()
	return n, nil
}

// served fails where a parameter is not one that a search may look at on this snapshot: it has been withdrawn since the search was
// read, its values are not complete, or the index of its type is being built anew.
func (c *compiler) served(p *search.Param) error {
	if err := c.available(p.Resource); err != nil {
		return err
	}
	official, ready := c.store.options.Params.Keys(p.Resource)
	for _, source := range p.Sources {
		key := source.Slot.Key()
		if official[key] {
			continue
		}
		if *c.generationSeen < 0 {
			generation, err := c.generation(c.ctx)
			if err != nil {
				return err
			}
			*c.generationSeen = generation
		}
		if !ready[key] || *c.generationSeen != c.store.options.Params.Generation() {
			o := fhir.NewOutcome(fhir.Transient, "a search parameter was changed while the search was running; try again")
			o.RetryAfter = time.Second
			return o
		}
	}
	return nil
}

func (c *compiler) available(typ string) error {
	gap := c.store.gap.Load()
	if gap == nil || !slices.ContainsFunc(gap.Types, func(t jobType) bool { return t.Type == typ }) {
		return nil
	}
	o := fhir.Errorf(fhir.Transient, "the search index of %s is being built anew (%d %% of the whole are done); until then %s cannot be searched", typ, gap.percent(), typ)
	o.RetryAfter = 30 * time.Second
	return o
}

// paramOf is the parameter of a criterion.
func paramOf(e search.Expr) *search.Param {
	switch e := e.(type) {
	case *search.Token:
		return e.Param
	case *search.TokenText:
		return e.Param
	case *search.String:
		return e.Param
	case *search.Date:
		return e.Param
	case *search.Number:
		return e.Param
	case *search.Quantity:
		return e.Param
	case *search.Reference:
		return e.Param
	case *search.URI:
		return e.Param
	case *search.Composite:
		return e.Param
	case *search.Missing:
		return e.Param
	case *search.Near:
		return e.Param
	case *search.FullText:
		return e.Param
	case *search.Chain:
		return e.Param
	case *search.Has:
		return e.Param
	case *search.Hierarchy:
		return e.Param
	}
	return nil
}

func jobID(id int64) string { return strconv.FormatInt(id, 10) }
