package core

import (
	"context"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// everything is $everything of a Patient, an Encounter or a Group (http://hl7.org/fhir/R4/patient-operation-everything.html): what is in
// their compartment, page by page if the client asks for pages, and whatever that refers to.
func (m *Module) everything(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	w, err := m.newWalk(req)
	if err != nil {
		return nil, err
	}
	b := &fhir.Bundle{Type: fhir.Searchset, Total: -1}
	err = m.view(ctx, req, func(tx fhir.Tx) error {
		w.found, w.weight, w.at = nil, 0, w.from
		if err := w.gather(ctx, tx); err != nil {
			return err
		}
		included, over, err := w.include(ctx, tx)
		if err != nil {
			return err
		}
		b.Entries = nil
		for _, r := range w.found {
			b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeMatch})
		}
		for _, r := range included {
			b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeInclude})
		}
		if over {
			o := &fhir.Outcome{Issues: []fhir.Issue{{Severity: fhir.Warning, Code: fhir.TooCostly, Text: "more is referred to than is included on one page; ask for smaller pages by _count"}}}
			b.Entries = append(b.Entries, fhir.Entry{Resource: o.Resource(), Mode: fhir.ModeOutcome})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !w.followed && w.at.Done {
		b.Total = len(w.found)
	}
	b.Links, err = w.links()
	return &fhir.Response{Bundle: b}, err
}

const (
	// mostMatches and mostBytes bound a page where the client has not asked for pages: R4 wants all in one Bundle, memory does not.
	mostMatches = 20_000
	mostBytes   = 64 << 20
)

// walk is one $everything: it goes through records and gathers what is in them.
type walk struct {
	m        *Module
	req      *fhir.Request
	asked    asked
	path     string
	followed bool // a link was followed
	from, at place

	types  map[string]bool // nil = all
	since  time.Time
	within []string // types to search, within the compartment of a record
	found  []*fhir.Resource
	weight int
}

// asked are the parameters, as a link holds them.
type asked struct {
	Types []string `json:"t,omitempty"`
	Since string   `json:"s,omitempty"`
	Start string   `json:"b,omitempty"`
	End   string   `json:"e,omitempty"`
	Count int      `json:"n,omitempty"`
}

// place is where a page begins.
type place struct {
	Record string `json:"r,omitempty"` // id of the record that is being gone through; "" = the next one
	Last   string `json:"l,omitempty"` // id of the record before it
	List   string `json:"p,omitempty"` // where the search for records goes on
	After  string `json:"a,omitempty"` // where the search within the record goes on
	Begun  bool   `json:"g,omitempty"` // the record's own resource has been given
	Done   bool   `json:"-"`
}

func (m *Module) newWalk(req *fhir.Request) (*walk, error) {
	w := &walk{m: m, req: req, path: req.Type}
	if req.ID != "" {
		w.path += "/" + req.ID
	}
	w.path += "/$everything"
	if err := w.read(); err != nil {
		return nil, err
	}
	if w.asked.Since != "" {
		t, ok := fhir.ParseTemporal(w.asked.Since, time.UTC)
		if !ok {
			return nil, fhir.NewOutcome(fhir.Value, "the value of '_since' is not a value of type instant")
		}
		w.since = t.Low
	}
	if w.asked.Start != "" && w.asked.End != "" {
		start, _ := fhir.ParseTemporal(w.asked.Start, time.UTC)
		end, _ := fhir.ParseTemporal(w.asked.End, time.UTC)
		if !start.Low.Before(end.High) {
			return nil, fhir.NewOutcome(fhir.Invalid, "'end' is before 'start'")
		}
	}
	if len(w.asked.Types) > 0 {
		w.types = make(map[string]bool)
		for _, typ := range w.asked.Types {
			if !m.config.Spec.IsResource(typ) {
				return nil, fhir.NewOutcome(fhir.CodeInvalid, "a value of '_type' is not a resource type of R4")
			}
			w.types[typ] = true
		}
	}
	for _, typ := range m.config.Params.InCompartment(w.record()) {
		// A Group or Schedule is about many Patients at once, and in nobody's record.
		if typ != w.record() && w.wanted(typ) && typ != "Group" && typ != "Schedule" {
			w.within = append(w.within, typ)
		}
	}
	return w, nil
}

// record is the type of the records that are gone through.
func (w *walk) record() string {
	if w.req.Type == "Group" {
		return "Patient"
	}
	return w.req.Type
}

func (w *walk) wanted(typ string) bool { return w.types == nil || w.types[typ] }

// current reports whether a resource is as new as the client wants it.
func (w *walk) current(r *fhir.Resource) bool {
	return w.since.IsZero() || !r.LastUpdated().Before(w.since)
}

func (w *walk) add(r *fhir.Resource) {
	w.found = append(w.found, r)
	w.weight += len(r.Body())
}

// room is how many matches the page still has room for.
func (w *walk) room() int {
	most := w.asked.Count
	if most == 0 {
		most = mostMatches
	}
	if w.weight >= mostBytes {
		return 0
	}
	return most - len(w.found)
}

// gather fills the page. What follows it is in at.
func (w *walk) gather(ctx context.Context, tx fhir.Tx) error {
	for {
		if w.at.Record == "" {
			if err := w.advance(ctx, tx); err != nil || w.at.Done {
				return err
			}
		}
		if w.room() <= 0 {
			return nil
		}
		if !w.at.Begun {
			w.at.Begun = true
			r, err := tx.Read(ctx, w.record(), w.at.Record)
			if err != nil && (w.req.ID != "" && w.req.Type != "Group" || !missing(err)) { // members may be gone
				return err
			}
			if err == nil && w.wanted(r.Type()) && w.current(r) {
				w.add(r)
			}
		}
		if err := w.search(ctx, tx); err != nil {
			return err
		}
	}
}

// search gathers what is in the compartment of the record, until the page is full or the record has been gone through.
func (w *walk) search(ctx context.Context, tx fhir.Tx) error {
	if len(w.within) == 0 {
		w.at.leave()
		return nil
	}
	q, err := w.query()
	if err != nil {
		return err
	}
	q.After = w.at.After
	for n := w.room(); n > 0; n = w.room() {
		q.Count = min(n, search.MaxCount)
		page, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			w.add(r)
		}
		if q.After = page.Next; q.After == "" {
			w.at.leave()
			return nil
		}
		w.at.After = q.After
	}
	return nil
}

// leave goes on to the next record.
func (p *place) leave() { *p = place{Last: p.Record, List: p.List} }

// query is the search within the compartment of the record.
func (w *walk) query() (*search.Query, error) {
	o := w.m.options(w.req)
	o.Within = &search.Compartment{Type: w.record(), ID: w.at.Record}
	params := fhir.Params{{Name: "_type", Value: strings.Join(w.within, ",")}}
	if !w.since.IsZero() {
		params = append(params, fhir.Param{Name: "_lastUpdated", Value: "ge" + w.since.UTC().Format("2006-01-02T15:04:05.000Z")})
	}
	q, _, err := w.m.config.Params.Parse("", params, o)
	if err != nil || w.asked.Start == "" && w.asked.End == "" {
		return q, err
	}
	return q, w.dated(q)
}

// self is the query of the self link.
func (a *asked) self() fhir.Params {
	var params fhir.Params
	for _, p := range []fhir.Param{{Name: "start", Value: a.Start}, {Name: "end", Value: a.End}, {Name: "_since", Value: a.Since}, {Name: "_type", Value: strings.Join(a.Types, ",")}} {
		if p.Value != "" {
			params = append(params, p)
		}
	}
	if a.Count > 0 {
		params = append(params, fhir.Param{Name: "_count", Value: strconv.Itoa(a.Count)})
	}
	return params
}
