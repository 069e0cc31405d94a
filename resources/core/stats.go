package core

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"github.com/cockroachdb/apd/v3"
)

// stats is http://hl7.org/fhir/R4/observation-operation-stats.html: what the values of a subject's Observations come to, by code.
func (m *Module) stats(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	s, err := m.newStatistics(req)
	if err != nil {
		return nil, err
	}
	var groups []*group
	err = m.view(ctx, req, func(tx fhir.Tx) error {
		groups = nil
		for _, target := range s.targets {
			list, err := s.gather(ctx, tx, target)
			if err != nil {
				return err
			}
			groups = append(groups, list...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := fhir.NewParameters()
	var sources []*fhir.Resource
	for _, g := range groups {
		out.WithResource("statistics", s.observation(g))
		sources = append(sources, g.sources...)
	}
	if s.include {
		for _, r := range s.limited(sources) {
			out.WithResource("source", r)
		}
	}
	return &fhir.Response{Resource: out.Resource()}, nil
}

// statistics is one call of $stats.
type statistics struct {
	m          *Module
	req        *fhir.Request
	subject    string
	targets    []target
	statistics []string
	start, end string // of the period; "" = open
	include    bool
	limit      int // 0 = none
}

// target is a code that statistics are asked about.
type target struct {
	system, code string // system "" = any
	concept      string // as CodeableConcept
}

func (m *Module) newStatistics(req *fhir.Request) (*statistics, error) {
	in := req.Input
	s := &statistics{m: m, req: req, include: in.Text("include") == "true"}
	ref, ok := m.local(in.Text("subject"), m.base(req))
	if !ok {
		return nil, fhir.NewOutcome(fhir.Invalid, "the value of 'subject' must be a reference to a resource of this server, as 'Patient/123'")
	}
	s.subject = ref.Relative()
	system := in.Text("system")
	for code := range in.Each("code") {
		coding := fhir.NewWriter(128).Object()
		if system != "" {
			coding.Name("system").String(system)
		}
		coding.Name("code").String(code.Value.Text()).EndObject()
		s.targets = append(s.targets, target{system, code.Value.Text(), `{"coding":[` + string(coding.Take()) + `]}`})
	}
	for p := range in.Each("coding") {
		if p.Value.Get("code").Text() == "" {
			return nil, fhir.NewOutcome(fhir.Required, "a 'coding' needs a code")
		}
		s.targets = append(s.targets, target{p.Value.Get("system").Text(), p.Value.Get("code").Text(), `{"coding":[` + compact(p.Value) + `]}`})
	}
	if len(s.targets) == 0 {
		return nil, fhir.NewOutcome(fhir.Required, "the operation needs the parameter 'code' or 'coding'")
	}
	if len(s.targets) > 100 {
		return nil, fhir.NewOutcome(fhir.TooCostly, "at most 100 codes are accepted")
	}
	for _, name := range in.Texts("statistic") {
		for one := range strings.SplitSeq(name, ",") {
			if one == "regression" {
				return nil, fhir.NewOutcome(fhir.NotSupported, "the statistic 'regression' is not supported")
			}
			if statisticName(one) == "" {
				return nil, fhir.NewOutcome(fhir.CodeInvalid, "a value of 'statistic' is not a code of http://terminology.hl7.org/CodeSystem/observation-statistics")
			}
			s.statistics = append(s.statistics, one)
		}
	}
	if text := in.Text("limit"); text != "" {
		s.limit, _ = strconv.Atoi(text)
	}
	return s, s.period()
}

// period reads the time that is asked about: a duration until now in hours, or a period.
func (s *statistics) period() error {
	duration, period := s.req.Input.Get("duration"), s.req.Input.Get("period")
	if !duration.Value.Exists() {
		s.start, s.end = period.Value.Get("start").Text(), period.Value.Get("end").Text()
		return nil
	}
	if period.Value.Exists() {
		return fhir.NewOutcome(fhir.Invalid, "'duration' and 'period' exclude each other")
	}
	hours, err := strconv.ParseFloat(duration.Value.Text(), 64)
	if err != nil || hours <= 0 || hours > 24*366*200 {
		return fhir.NewOutcome(fhir.Value, "the value of 'duration' must be a number of hours, more than 0")
	}
	now := s.m.config.Now().UTC()
	s.start, s.end = now.Add(-time.Duration(hours*float64(time.Hour))).Format(fhir.LastUpdatedFormat), now.Format(fhir.LastUpdatedFormat)
	return nil
}

// group is what statistics are made of: the values of one code.
type group struct {
	concept string
	values  []valued
	total   int // Observations that were looked at
	sources []*fhir.Resource
}

// valued is a value with its unit.
type valued struct {
	number       *apd.Decimal
	system, code string // of the unit
	unit         string // as people read it
}

// gather finds the Observations of a code, in their value or in a component. A panel without a value of its own gives a group for each
// of its measurements.
func (s *statistics) gather(ctx context.Context, tx fhir.Tx, t target) ([]*group, error) {
	token := search.Escape(t.code)
	if t.system != "" {
		token = search.Escape(t.system) + "|" + token
	}
	params := fhir.Params{{Name: "subject", Value: s.subject}, {Name: "combo-code", Value: token}}
	if s.start != "" {
		params = append(params, fhir.Param{Name: "date", Value: "ge" + s.start})
	}
	if s.end != "" {
		params = append(params, fhir.Param{Name: "date", Value: "le" + s.end})
	}
	q, err := s.m.query(s.req, "Observation", params...)
	if err != nil {
		return nil, err
	}
	var found []*fhir.Resource
	if err := search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
		found = append(found, r)
		return len(found) <= maxMeasured
	}); err != nil {
		return nil, err
	}
	if len(found) > maxMeasured {
		return nil, tooMany()
	}
	own, panels := &group{concept: t.concept}, &panel{by: make(map[string]*group)}
	for _, r := range found {
		root := r.Root()
		switch has := t.names(root.Get("code")); {
		case has && !valueOf(root).Exists() && (root.Get("component").Exists() || root.Get("hasMember").Exists()):
			if err := s.panel(ctx, tx, r, panels); err != nil {
				return nil, err
			}
		case has:
			own.add(r, root)
		default:
			for component := range root.Each("component") {
				if t.names(component.Get("code")) {
					own.add(r, component)
				}
			}
		}
	}
	if own.total == 0 && len(panels.list) > 0 {
		return panels.list, nil
	}
	return append([]*group{own}, panels.list...), nil
}

// panel is the groups of the measurements of panels.
type panel struct {
	list []*group
	by   map[string]*group
}

func (p *panel) group(code fhir.Element) *group {
	key := compact(code)
	for coding := range code.Each("coding") {
		key = coding.Get("system").Text() + "|" + coding.Get("code").Text()
		break
	}
	g := p.by[key]
	if g == nil {
		g = &group{concept: compact(code)}
		p.by[key], p.list = g, append(p.list, g)
	}
	return g
}

func (s *statistics) panel(ctx context.Context, tx fhir.Tx, r *fhir.Resource, panels *panel) error {
	for component := range r.Root().Each("component") {
		panels.group(component.Get("code")).add(r, component)
	}
	var refs []fhir.Reference
	for member := range r.Root().Each("hasMember") {
		if ref, ok := s.m.local(member.Get("reference").Text(), s.m.base(s.req)); ok && ref.Type == "Observation" {
			refs = append(refs, ref)
		}
	}
	members, err := s.m.fetch(ctx, tx, s.req, refs)
	for _, one := range members {
		panels.group(one.Root().Get("code")).add(one, one.Root())
	}
	return err
}

// names reports whether a CodeableConcept has the code.
func (t target) names(concept fhir.Element) bool {
	for coding := range concept.Each("coding") {
		if coding.Get("code").Text() == t.code && (t.system == "" || coding.Get("system").Text() == t.system) {
			return true
		}
	}
	return false
}

// valueOf is the value of an Observation or component, whatever its type.
func valueOf(e fhir.Element) fhir.Element {
	for p := e.First(); p.Exists(); p = p.Next() {
		if strings.HasPrefix(p.Name(), "value") {
			return p
		}
	}
	return fhir.Element{}
}

// add counts an Observation, and takes the value that e, it or its component, has: a number that is neither withdrawn nor a bound.
func (g *group) add(r *fhir.Resource, e fhir.Element) {
	g.total++
	root := r.Root()
	switch status := root.Get("status").Text(); {
	case status == "entered-in-error", status == "cancelled", root.Get("modifierExtension").Exists(), e.Get("modifierExtension").Exists():
		return
	}
	quantity := e.Get("valueQuantity")
	text := quantity.Get("value").Text()
	if text == "" {
		text = e.Get("valueInteger").Text()
	}
	if text == "" || quantity.Get("comparator").Exists() {
		return
	}
	number, _, err := apd.NewFromString(text)
	if err != nil || number.Form != apd.Finite || number.Exponent > 1000 || number.Exponent < -1000 {
		return
	}
	g.values = append(g.values, valued{number, quantity.Get("system").Text(), quantity.Get("code").Text(), quantity.Get("unit").Text()})
	if !slices.Contains(g.sources, r) {
		g.sources = append(g.sources, r)
	}
}

// limited are the sources that come along: each once, the newest where there are more than are asked for.
func (s *statistics) limited(sources []*fhir.Resource) []*fhir.Resource {
	seen := make(map[string]bool)
	sources = slices.DeleteFunc(sources, func(r *fhir.Resource) bool {
		known := seen[r.ID()]
		seen[r.ID()] = true
		return known
	})
	slices.SortStableFunc(sources, func(a, b *fhir.Resource) int {
		return cmp.Or(effective(b.Root()).Compare(effective(a.Root())), strings.Compare(a.ID(), b.ID()))
	})
	if s.limit > 0 && len(sources) > s.limit {
		sources = sources[:s.limit]
	}
	return sources
}
