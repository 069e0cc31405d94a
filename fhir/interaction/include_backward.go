package interaction

import (
	"context"
	"slices"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// backward adds what refers to the resources.
func (in *inclusion) backward(ctx context.Context, rules []search.Include, to []*fhir.Resource) error {
	if len(rules) == 0 {
		return nil
	}
	var types []string
	byType := make(map[string][]*fhir.Resource)
	for _, r := range to {
		if byType[r.Type()] == nil {
			types = append(types, r.Type())
		}
		byType[r.Type()] = append(byType[r.Type()], r)
	}
	for _, rule := range rules {
		for _, typ := range types {
			if rule.Target != "" && rule.Target != typ {
				continue
			}
			for _, param := range in.x.Params.Referrers(rule, typ) {
				for targets := range slices.Chunk(byType[typ], chunk) {
					if err := in.referrers(ctx, param, targets); err != nil || in.over() {
						return err
					}
				}
			}
		}
	}
	return nil
}

// referrers adds what refers to the targets, which are of one type, by a parameter: one search for all of them.
func (in *inclusion) referrers(ctx context.Context, param *search.Param, targets []*fhir.Resource) error {
	values := make([]string, len(targets))
	versions := make(map[string][]string) // of the targets that have a canonical URL, by it
	for i, r := range targets {
		values[i] = r.Reference()
		if url, version := in.x.Params.Canonical(r); url != "" {
			if versions[url] == nil {
				values = append(values, search.Escape(url))
			}
			versions[url] = append(versions[url], version)
		}
	}
	q, err := in.query(param.Resource, param.Code, values)
	if err != nil {
		return err
	}
	follower := in.x.Params.Follow(search.Include{Source: param.Resource, Code: param.Code}, param.Resource, in.base)
	for {
		q.Count = min(in.most-len(in.entries)+1, search.MaxCount)
		page, err := in.tx.Search(ctx, q)
		if err != nil {
			return err
		}
		for _, r := range page.Resources {
			means, err := means(ctx, r, follower, targets, versions)
			if err != nil {
				return err
			}
			if means {
				in.asked[r.Reference()] = true
				in.add(r)
			} else {
				in.looked++
				in.wide = in.looked > lookUps*in.most
			}
		}
		if page.Next == "" || in.over() {
			return nil
		}
		q.After = page.Next
	}
}

// means reports whether a referrer that was found means one of the targets: one that names a canonical URL may ask for another
// version of it.
func means(ctx context.Context, r *fhir.Resource, f *search.Follower, targets []*fhir.Resource, versions map[string][]string) (bool, error) {
	if len(versions) == 0 {
		return true, nil
	}
	list, err := f.Referenced(ctx, r)
	if err != nil && fhir.CodeOf(err) != fhir.TooCostly {
		return false, err
	}
	return slices.ContainsFunc(list, func(to search.Referenced) bool {
		if known, ok := versions[to.URL]; ok && to.URL != "" {
			return to.Version == "" || slices.Contains(known, to.Version)
		}
		return slices.ContainsFunc(targets, func(t *fhir.Resource) bool { return t.Type() == to.Type && t.ID() == to.ID })
	}), nil
}
