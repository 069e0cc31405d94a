package smart

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
)

// Middleware refuses what scopes and roles do not cover before anything is looked at: 401 who is unknown, 403 who may not. Every entry
// of a Bundle passes it as if it had come alone. It binds page links to the caller, and keeps what was written from who may
// not read it.
func (g *Guard) Middleware(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Interaction == fhir.Capabilities {
			return next.Serve(ctx, req)
		}
		p := From(ctx)
		if p == nil {
			return nil, unknown()
		}
		if p.server {
			return next.Serve(ctx, req)
		}
		// Within a transaction nothing may be read beside it, and the entries share what their Bundle has found out.
		known, _ := ctx.Value(callKey{}).(*call)
		if known == nil || known.who != p || known.access.guard != g {
			a, err := g.access(ctx, p)
			if err != nil {
				return nil, err
			}
			known = &call{who: p, access: a}
		}
		called := *req
		if mutated() != hookPaging {
			called.Caller = known.access.key
		}
		if called.Prefer.Explain && !known.access.mayAll() {
			called.Prefer.Explain = false
		}
		c := &call{who: p, access: known.access, req: &called}
		if mutated() != hookPrecheck && !(mutated() == hookBatch && known.req != nil) {
			if err := g.check(c); err != nil {
				return nil, err
			}
		}
		ctx = context.WithValue(ctx, callKey{}, c)
		resp, err := next.Serve(ctx, &called)
		if err != nil || resp == nil {
			return resp, err
		}
		return g.shown(ctx, c, resp)
	})
}

// check decides about a request by itself: by scopes, roles and context, and by nothing that is stored.
func (g *Guard) check(c *call) error {
	req := c.req
	needs := func(perms ...Perms) error {
		for _, perm := range perms {
			if err := c.needs(req.Type, perm); err != nil {
				return err
			}
		}
		return nil
	}
	perms := []Perms(nil)
	switch req.Interaction {
	case fhir.Read, fhir.VRead, fhir.HistoryInstance:
		return needs(Read)
	case fhir.SearchType, fhir.HistoryType:
		return needs(Search)
	case fhir.SearchSystem, fhir.HistorySystem:
		return g.checkAcross(c)
	case fhir.Create:
		perms = []Perms{Create}
	case fhir.Update, fhir.Patch:
		perms = []Perms{Update}
	case fhir.Delete:
		perms = []Perms{Delete}
	case fhir.Batch:
		return nil // entry by entry
	case fhir.Transaction:
		return g.checkEntries(c)
	case fhir.Operation:
		return g.checkOperation(c)
	default:
		return fhir.Errorf(fhir.Forbidden, "nothing says who may do '%s'", req.Interaction)
	}
	if req.Condition != nil {
		perms = append(perms, Search)
	}
	return needs(perms...)
}

// needs refuses where nothing of a type can be reached with a letter.
func (c *call) needs(typ string, perm Perms) error {
	f, err := c.access.filter(perm, typ)
	if err != nil {
		return err
	}
	if f.denied() {
		return insufficient(c.who, typ, perm)
	}
	return nil
}

// insufficient is the refusal: insufficient_scope where another token would do, and otherwise that the user may not.
func insufficient(p *Principal, typ string, perm Perms) error {
	context := UserContext
	for _, s := range p.Scopes {
		if s.Kind == ResourceScope {
			context = s.Context
			break
		}
	}
	if len(p.Scopes.on(typ, perm)) > 0 {
		return fhir.Errorf(fhir.Forbidden, "you may not do this with resources of the type %s", typ)
	}
	wanted := fmt.Sprintf("%s/%s.%s", context, typ, perm)
	return fhir.InsufficientScope("the scopes of the token do not cover this: it needs "+wanted, wanted)
}

// checkAcross checks a search or history across types: each type that it names, and otherwise that there is any.
func (g *Guard) checkAcross(c *call) error {
	for _, p := range c.req.Params {
		if p.Name != "_type" || c.req.Interaction != fhir.SearchSystem {
			continue
		}
		for typ := range strings.SplitSeq(p.Value, ",") {
			if !g.config.Spec.IsResource(typ) {
				continue // the search will say so
			}
			if err := c.needs(typ, Search); err != nil {
				return err
			}
		}
		return nil
	}
	if slices.ContainsFunc(c.who.Scopes, func(s Scope) bool { return s.Kind == ResourceScope && s.Perms&Search != 0 }) {
		return nil
	}
	return insufficient(c.who, "*", Search)
}

// checkEntries checks all entries of a transaction before any of them is looked at.
func (g *Guard) checkEntries(c *call) error {
	if g.parse == nil || c.req.Resource == nil || mutated() == hookBatch {
		return nil
	}
	n := 0
	for entry := range c.req.Resource.Root().Each("entry") {
		path := fmt.Sprintf("Bundle.entry[%d]", n)
		n++
		asked := entry.Get("request")
		req, err := g.parse(asked.Get("method").Text(), asked.Get("url").Text(), c.req.Base)
		if err != nil || req.Interaction == fhir.Batch || req.Interaction == fhir.Transaction {
			continue // the transaction will say so
		}
		if query := asked.Get("ifNoneExist").Text(); query != "" {
			req.Condition = &query
		}
		if err := g.check(&call{who: c.who, access: c.access, req: req}); err != nil {
			return fhir.AsOutcome(err).Within(path)
		}
	}
	return nil
}

// shown takes out of the answer to a write what its caller may not read.
func (g *Guard) shown(ctx context.Context, c *call, resp *fhir.Response) (*fhir.Response, error) {
	switch c.req.Interaction {
	case fhir.Create, fhir.Update, fhir.Patch:
	default:
		return resp, nil
	}
	if resp.Resource == nil {
		return resp, nil
	}
	f, err := c.access.filter(Read, resp.Resource.Type())
	if err != nil {
		return nil, err
	}
	ok := f.all()
	look := func(t *tx) (err error) {
		ok, err = f.sees(ctx, t, resp.Resource)
		return err
	}
	switch within, _ := c.req.Tx.(*tx); {
	case ok, f.denied():
	case within != nil:
		err = look(within)
	case !f.looks():
		err = look(nil)
	default:
		err = g.config.Store.View(ctx, func(inner fhir.Tx) error { return look(&tx{guard: g, inner: inner, opened: c}) })
	}
	if err != nil {
		return nil, err
	}
	if ok {
		return resp, nil
	}
	silent := *resp
	silent.Resource = nil
	return &silent, nil
}
