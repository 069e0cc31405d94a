package audit_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/gate"
	"andiron.dev/fhir/interaction"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rest"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/server"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/audit"
)

// hospital is a pipeline with an audit trail over a store of its own.
type hospital struct {
	t      testing.TB
	spec   *r4.Spec
	gate   *gate.Gate
	dir    string
	inner  chosen.Store
	store  fhir.Store
	rules  *rules.Enforcer
	trail  *audit.Trail
	params *search.Params
	top    fhir.Handler
	who    *smart.Principal
	fails  func(*fhir.Request) error // stands for whoever refuses requests
	guard  *smart.Guard              // and who really does; nil = nobody
}

const base = "http://localhost/fhir"

// doctor is who asks, if a test does not say otherwise.
func doctor() *smart.Principal {
	return &smart.Principal{Subject: "user:u1", Name: "Ada Gregory", Issuer: "https://issuer.example.org", ClientID: "ehr", FhirUser: "Practitioner/ada", Roles: []string{"practitioner"},
		TokenID: "tok-1", Purpose: "TREAT", Address: "192.0.2.7", RequestID: "r-1"}
}

func open(t testing.TB, configure ...func(*audit.Config)) *hospital {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	h := &hospital{t: t, spec: spec, gate: gate.New(spec), dir: t.TempDir(), who: doctor()}
	params := search.NewParams(spec, nil)
	h.inner = chosen.Open(t, sqlite.Options{Dir: h.dir, Params: params, Unsafe: true, JournalKey: []byte("a key that nobody else has")})
	t.Cleanup(func() { _ = h.inner.Close() })
	config := audit.Config{Store: h.inner, Spec: spec, Params: params, Base: base, Open: true, NewID: server.NewUUID, Check: h.gate.Check}
	for _, c := range configure {
		c(&config)
	}
	if h.trail, err = audit.New(config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.trail.Close() })
	h.rules = rules.New(h.trail.Store(h.inner), smart.System)
	h.store = h.rules.Store()
	h.params = params
	h.assemble()
	return h
}

// assemble makes a pipeline of the same parts that a server has.
func (h *hospital) assemble() {
	sealer, err := search.NewSealer(search.NewKey(), time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	x := &interaction.Interactions{Store: h.store, Spec: h.spec, Gate: h.gate, Params: h.params, Seal: sealer, NewID: server.NewUUID, Parse: rest.Parse,
		Capabilities: func(string, string) (*fhir.Resource, error) { return &fhir.Resource{}, nil }}
	registry := fhir.NewRegistry()
	if err := x.Register(registry); err != nil {
		h.t.Fatal(err)
	}
	for _, m := range []fhir.Module{everything{}, h.trail.Verify(h.inner)} {
		if err := m.Register(registry); err != nil {
			h.t.Fatal(err)
		}
	}
	refuse := func(next fhir.Handler) fhir.Handler {
		return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
			if h.fails != nil {
				if err := h.fails(req); err != nil {
					return nil, err
				}
			}
			return next.Serve(ctx, req)
		})
	}
	if h.guard != nil {
		h.guard.Attach(registry, rest.Parse)
		refuse, x.Store, x.Internal = h.guard.Middleware, h.guard.Store(), smart.System
	}
	h.top = fhir.Chain(registry, h.trail.Middleware, refuse, x.Known, x.Subset, x.Definitions, x.Check, h.trail.Sources(func(ctx context.Context, fn func(context.Context) error, then func(context.Context, fhir.Tx, []*fhir.Version) error) error {
		return h.rules.Account(ctx, fn, then)
	}))
	x.Handler = h.top
}

// everything is an operation that gives what there is of a patient.
type everything struct{}

func (everything) Register(r *fhir.Registry) error {
	return r.Operation(`{"resourceType":"OperationDefinition","id":"summary","name":"Summary","status":"active","kind":"operation","code":"summary","system":false,"type":false,"instance":true,
		"resource":["Patient"],"affectsState":false}`, func(_ context.Context, req *fhir.Request) (*fhir.Response, error) {
		r, err := fhir.ParseResource(`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"`+req.ID+`"}}]}`, fhir.Limits{})
		return &fhir.Response{Resource: r}, err
	})
}

// answer is what came of a request.
type answer struct {
	*fhir.Response
	err error
}

// do sends a request through the pipeline as h.who. Headers are "Name: value".
func (h *hospital) do(method, path, body string, headers ...string) answer {
	h.t.Helper()
	req, err := rest.Parse(method, path, "")
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	req.Base = base
	if body != "" {
		if req.Resource, err = fhir.ParseResource(body, fhir.DefaultLimits()); err != nil {
			h.t.Fatal(err)
		}
		if req.Interaction == fhir.Transaction && req.Resource.Root().Get("type").Text() == "batch" {
			req.Interaction = fhir.Batch
		}
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		switch name {
		case "X-Provenance":
			if req.Provenance, err = fhir.ParseResource(value, fhir.DefaultLimits()); err != nil {
				h.t.Fatal(err)
			}
		case "If-None-Exist":
			req.Condition = &value
		}
	}
	ctx := h.t.Context()
	if h.who != nil {
		ctx = smart.With(ctx, h.who)
	}
	resp, err := h.top.Serve(ctx, req)
	return answer{resp, err}
}

// must is do for what has to go well.
func (h *hospital) must(method, path, body string, headers ...string) answer {
	h.t.Helper()
	a := h.do(method, path, body, headers...)
	if a.err != nil {
		h.t.Fatalf("%s %s: %v", method, path, a.err)
	}
	return a
}

// events are all the events of the journal from the nth on, oldest first.
func (h *hospital) events(from int) []*audit.Event {
	h.t.Helper()
	if err := h.trail.Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	entries, err := h.inner.Entries(h.t.Context(), fhir.JournalQuery{Max: 100_000})
	if err != nil {
		h.t.Fatal(err)
	}
	var list []*audit.Event
	for _, entry := range entries[from:] {
		e, err := audit.Decode(entry)
		if err != nil {
			h.t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

// count is how many events there are.
func (h *hospital) count() int { return len(h.events(0)) }

// line is an event in short: what was done, how it went, to what, and whose records it was in.
func line(e *audit.Event) string {
	what := slices.Clone(e.What)
	for _, w := range e.Writes {
		what = append(what, string(w.Method)+" "+w.What)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %d %v %v %s", e.Subtype, e.Outcome, what, e.Patients, e.Query))
}

// told compares the events since the nth with lines.
func (h *hospital) told(from int, want ...string) {
	h.t.Helper()
	var got []string
	for _, e := range h.events(from) {
		got = append(got, line(e))
		if h.who != nil && (e.Subject != h.who.Subject || e.ClientID != h.who.ClientID || e.Purpose != h.who.Purpose) {
			h.t.Errorf("the event is of %s by %s for %s", e.Subject, e.ClientID, e.Purpose)
		}
	}
	if !slices.Equal(got, want) {
		h.t.Errorf("the trail tells\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}
