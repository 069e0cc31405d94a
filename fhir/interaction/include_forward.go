package interaction

import (
	"context"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/terminology"
	"andiron.dev/search"
)

// forward adds what the resources refer to. What is not there, or not any more, is not included.
func (in *inclusion) forward(ctx context.Context, rules []search.Include, from []*fhir.Resource) error {
	for _, rule := range rules {
		followers := make(map[string]*search.Follower)
		for _, r := range from {
			follower := followers[r.Type()]
			if follower == nil {
				follower = in.x.Params.Follow(rule, r.Type(), in.base)
				followers[r.Type()] = follower
			}
			list, err := follower.Referenced(ctx, r)
			costly := fhir.CodeOf(err) == fhir.TooCostly // the list ends too early
			if err != nil && !costly {
				return err
			}
			for _, to := range list {
				if err := in.want(ctx, to); err != nil || in.over() {
					return err
				}
			}
			if costly {
				return in.stop(ctx)
			}
		}
	}
	return in.fetch(ctx)
}

// stop ends the inclusion because the page refers to too much.
func (in *inclusion) stop(ctx context.Context) error {
	err := in.fetch(ctx)
	in.wide = true
	return err
}

// want notes what is to be included. It is fetched together with others.
func (in *inclusion) want(ctx context.Context, to search.Referenced) error {
	key := to.Type + "/" + to.ID
	switch {
	case to.URL != "":
		key = to.URL + "|" + to.Version + "|" + strings.Join(to.Types, " ")
	case to.Version != "":
		key += "/_history/" + to.Version
	}
	if in.asked[key] {
		return nil
	}
	if in.looked == lookUps*in.most {
		return in.stop(ctx)
	}
	in.asked[key] = true
	in.looked++
	in.wanted = append(in.wanted, to)
	if len(in.wanted) == chunk {
		return in.fetch(ctx)
	}
	return nil
}

// fetch reads what is wanted, with one search for each type, and adds it in the order in which it is wanted.
func (in *inclusion) fetch(ctx context.Context) error {
	wanted := in.wanted
	in.wanted = nil
	var types []string
	ids := make(map[string][]string)
	for _, to := range wanted {
		if to.URL == "" {
			if ids[to.Type] == nil {
				types = append(types, to.Type)
			}
			ids[to.Type] = append(ids[to.Type], to.ID)
		}
	}
	current := make(map[string]*fhir.Resource)
	for _, typ := range types {
		list, err := in.find(ctx, typ, "_id", ids[typ])
		if err != nil {
			return err
		}
		for _, r := range list {
			current[r.Reference()] = r
		}
	}
	named, err := in.named(ctx, wanted)
	if err != nil {
		return err
	}
	for _, to := range wanted {
		r, err := current[to.Type+"/"+to.ID], error(nil)
		switch {
		case in.over():
			return nil
		case to.URL != "":
			r, err = in.canonical(ctx, to, named[to.URL])
		case to.Version != "" && (r == nil || r.VersionID() != to.Version):
			r, err = in.tx.VRead(ctx, to.Type, to.ID, to.Version)
		}
		switch {
		case fhir.Gone(err):
		case err != nil:
			return err
		case r != nil:
			in.add(r)
		}
	}
	return nil
}

// find returns the resources of a type of which a parameter has one of the values.
func (in *inclusion) find(ctx context.Context, typ, code string, values []string) ([]*fhir.Resource, error) {
	q, err := in.query(typ, code, values)
	if err != nil {
		return nil, err
	}
	q.Count = search.MaxCount
	page, err := in.tx.Search(ctx, q)
	if err != nil {
		return nil, err
	}
	return page.Resources, nil
}

func (in *inclusion) query(typ, code string, values []string) (*search.Query, error) {
	q, _, err := in.x.Params.Parse(typ, fhir.Params{{Name: code, Value: strings.Join(values, ",")}}, search.Options{Strict: true, Base: in.base})
	return q, err
}

// named finds the resources that have the wanted canonical URLs, with one search for each type that they may have.
func (in *inclusion) named(ctx context.Context, wanted []search.Referenced) (map[string][]*fhir.Resource, error) {
	var types []string
	urls := make(map[string][]string)
	for _, to := range wanted {
		for _, typ := range to.Types {
			if urls[typ] == nil {
				types = append(types, typ)
			}
			urls[typ] = append(urls[typ], search.Escape(to.URL))
		}
	}
	found := make(map[string][]*fhir.Resource)
	for _, typ := range types {
		list, err := in.find(ctx, typ, "url", urls[typ])
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			url, _ := in.x.Params.Canonical(r)
			found[url] = append(found[url], r)
		}
	}
	return found, nil
}

// canonical chooses what a canonical names: the version it asks for, or else the newest. Where nothing has the url, it may be meant
// as a literal reference.
func (in *inclusion) canonical(ctx context.Context, to search.Referenced, named []*fhir.Resource) (chosen *fhir.Resource, err error) {
	fits := func(r *fhir.Resource) bool {
		_, version := in.x.Params.Canonical(r)
		return to.Version == "" || to.Version == version
	}
	for _, r := range named {
		if fits(r) && (chosen == nil || terminology.Newer(r, chosen)) {
			chosen = r
		}
	}
	if chosen != nil || len(named) > 0 || to.ID == "" {
		return chosen, nil
	}
	if chosen, err = in.tx.Read(ctx, to.Type, to.ID); err != nil || !fits(chosen) {
		return nil, err
	}
	return chosen, nil
}
