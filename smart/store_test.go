package smart_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/server"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// TestStoreWithoutPrincipal: where nobody has said who asks, nothing is read, written or listed, whatever the method.
func TestStoreWithoutPrincipal(t *testing.T) {
	h := open(t)
	h.put(records()...)
	nobody := context.Background()
	dr := smart.With(nobody, doctor(t, "user/*.rs"))
	store := h.guard.Store()
	r, err := fhir.ParseResource(`{"resourceType":"Patient","id":"new"}`, fhir.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	q := &search.Query{Type: "Patient", Count: 10, Total: search.TotalNone}
	within := func(ctx context.Context) map[string]func(fhir.Tx) error {
		return map[string]func(fhir.Tx) error{
			"Read":       func(tx fhir.Tx) error { _, err := tx.Read(ctx, "Patient", "a"); return err },
			"VRead":      func(tx fhir.Tx) error { _, err := tx.VRead(ctx, "Patient", "a", "1"); return err },
			"History":    func(tx fhir.Tx) error { _, err := tx.History(ctx, fhir.HistoryQuery{Count: 1}); return err },
			"Search":     func(tx fhir.Tx) error { _, err := tx.Search(ctx, q); return err },
			"Put":        func(tx fhir.Tx) error { _, err := tx.Put(ctx, r); return err },
			"Create":     func(tx fhir.Tx) error { _, err := tx.Create(ctx, r); return err },
			"Delete":     func(tx fhir.Tx) error { _, err := tx.Delete(ctx, "Patient", "a"); return err },
			"GuardCount": func(tx fhir.Tx) error { _, err := tx.GuardCount(ctx, "x"); return err },
			"Append":     func(tx fhir.Tx) error { return tx.Append(ctx) },
			"Explain":    func(tx fhir.Tx) error { _, err := tx.(fhir.Explainer).Explain(ctx, q); return err },
		}
	}
	if err := store.View(nobody, func(fhir.Tx) error { t.Error("a view was opened"); return nil }); fhir.CodeOf(err) != fhir.Login {
		t.Errorf("View: %v", err)
	}
	if err := store.Update(nobody, nil, func(fhir.Tx) error { t.Error("an update was opened"); return nil }); fhir.CodeOf(err) != fhir.Login {
		t.Errorf("Update: %v", err)
	}
	for name, fn := range within(nobody) {
		if err := store.Update(dr, nil, fn); fhir.CodeOf(err) != fhir.Login {
			t.Errorf("%s for nobody: %v", name, err)
		}
	}
	other := smart.With(nobody, backend(t, "system/*.cruds"))
	for name, fn := range within(other) {
		if name == "GuardCount" || name == "Append" {
			continue // they show nothing
		}
		if err := store.Update(dr, nil, fn); fhir.CodeOf(err) != fhir.Forbidden {
			t.Errorf("%s for another principal than the one that opened the transaction: %v", name, err)
		}
	}
	for name, ctx := range map[string]context.Context{"nobody": nobody, "a user": dr} {
		for what, err := range map[string]error{
			"Events":  second(store.Events(ctx, 0, 10)),
			"Entries": second(store.Entries(ctx, fhir.JournalQuery{Max: 1})),
			"Reindex": second(store.(fhir.Indexer).Reindex(ctx, fhir.Reindex{})),
			"Jobs":    second(store.(fhir.Indexer).IndexJobs(ctx)),
			"Index":   store.(fhir.Indexer).Index(ctx),
			"Record":  store.View(smart.System(ctx), func(tx fhir.Tx) error { return second(tx.Record(ctx, "user", "x")) }),
			"Records": store.View(smart.System(ctx), func(tx fhir.Tx) error { return second(tx.Records(ctx, "user", "", "", 1)) }),
			"Keep":    store.Update(smart.System(ctx), nil, func(tx fhir.Tx) error { return tx.Keep(ctx, &fhir.Record{Kind: "user", Key: "x"}) }),
			"Drop":    store.Update(smart.System(ctx), nil, func(tx fhir.Tx) error { return tx.Drop(ctx, "user", "x") }),
		} {
			if code := fhir.CodeOf(err); code != fhir.Login && code != fhir.Forbidden {
				t.Errorf("%s for %s: %v", what, name, err)
			}
		}
	}
	// The server itself may do all of it.
	system := smart.System(nobody)
	for name, fn := range within(system) {
		if name != "Explain" && name != "History" { // not within an update, or not after a write
			err := store.Update(system, nil, fn)
			if code := fhir.CodeOf(err); code != "" && code != fhir.Deleted && code != fhir.Duplicate {
				t.Errorf("%s for the server: %v", name, err)
			}
		}
	}
	if err := second(store.Events(system, 0, 10)); err != nil {
		t.Errorf("Events for the server: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestSearchIsRead: for each kind of principal and each type, what a search finds on all its pages is what can be read one by one, and
// what it counts.
func TestSearchIsRead(t *testing.T) {
	h := open(t)
	h.put(records()...)
	h.put(`RelatedPerson/rel {"patient":{"reference":"Patient/b"}}`)
	for i := range 40 {
		label := ""
		if i%5 == 0 {
			label = `"meta":{"security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},`
		}
		h.put(fmt.Sprintf(`Observation/n%d {%s"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"%s"}]}],"code":{"coding":[{"code":"n%d"}]},"subject":{"reference":"Patient/%c"},"performer":[{"reference":"Patient/%c"}]}`,
			i, label, []string{"laboratory", "vital-signs"}[i%2], i%4, 'a'+i%3, 'a'+i%2))
	}
	all := make(map[string][]string)
	for _, typ := range h.types() {
		all[typ] = h.get(backend(t, "system/*.cruds system/Consent.cruds"), "/"+typ+"?_count=200").is(200).ids()
	}
	h.put(consent("c", "active", `{"type":"deny","class":[{"system":"http://hl7.org/fhir/resource-types","code":"Observation"}],"code":[{"coding":[{"code":"n3"}]}]}`))
	all["Consent"] = []string{"c"}
	cleared := doctor(t, "user/*.rs")
	cleared.Clearance = []string{"V"}
	glass := doctor(t, "user/*.rs")
	glass.BreakGlass = "b"
	mixed := doctor(t, "user/Observation.rs?category=laboratory patient/*.rs")
	mixed.Patient = "b"
	for name, p := range map[string]*smart.Principal{
		"a": patient(t, "a", "patient/*.rs"), "b": patient(t, "b", "patient/*.rs"), "laboratory": patient(t, "a", "patient/Observation.rs?category=laboratory"),
		"doctor": doctor(t, "user/*.rs"), "cleared": cleared, "glass": glass, "mixed": mixed, "lab": doctor(t, "user/*.rs", "lab-tech"), "two roles": doctor(t, "user/*.rs", "lab-tech", "biller"),
		"relative": {Subject: "user:r", FhirUser: "RelatedPerson/rel", Scopes: scopes(t, "user/*.rs")}, "backend": backend(t, "system/*.rs"),
		"payer": {Subject: "client:p", FhirUser: "Organization/insurer", Roles: []string{"payer"}, Scopes: scopes(t, "system/*.rs")},
	} {
		for typ, ids := range all {
			if len(ids) == 0 {
				continue
			}
			var read, found []string
			for _, id := range ids {
				if a := h.do(p, "GET", "/"+typ+"/"+id, "", "Accept: application/fhir+json"); a.status == 200 {
					read = append(read, id)
				}
			}
			first := h.get(p, "/"+typ+"?_count=3&_total=estimate")
			if first.status == 403 {
				if len(read) > 0 {
					t.Errorf("%s may read %s %v and not search for them", name, typ, read)
				}
				continue
			}
			for page := first.is(200); ; page = h.get(p, page.link("next")).is(200) {
				found = append(found, page.ids()...)
				if page.link("next") == "" || len(found) > len(ids) {
					break
				}
			}
			slices.Sort(read)
			slices.Sort(found)
			if !slices.Equal(read, found) {
				t.Errorf("%s reads %s %v and finds %v", name, typ, read, found)
			}
			if total := first.bundle().Total; total != nil && *total != len(read) {
				t.Errorf("%s counts %d %s of %d", name, *total, typ, len(read))
			}
		}
	}
}

// guardedOperation is a module with operations that ask for something.
type guardedOperation struct{}

func (guardedOperation) Register(r *fhir.Registry) error {
	for code, needs := range map[string][]string{
		"open": {"*/{type}.s"}, "strict": {"user/Patient.r role:nurse mfa", "system/Patient.r"}, "none": nil, "broken": {"nonsense"},
	} {
		extensions := make([]string, len(needs))
		for i, need := range needs {
			extensions[i] = fmt.Sprintf(`{"url":%q,"valueString":%q}`, smart.OperationScopes, need)
		}
		extension := ""
		if len(needs) > 0 {
			extension = `"extension":[` + strings.Join(extensions, ",") + `],`
		}
		definition := fmt.Sprintf(`{"resourceType":"OperationDefinition","id":"op-%s",%s"url":"http://example.org/OperationDefinition/%s","name":"X","status":"active","kind":"operation","code":%q,
			"system":false,"type":true,"instance":false,"resource":["Resource"],"affectsState":false}`, code, extension, code, code)
		if err := r.Operation(definition, func(context.Context, *fhir.Request) (*fhir.Response, error) {
			return &fhir.Response{Resource: fhir.NewParameters().Text("done", "string", "yes").Resource()}, nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// TestOperationScopes: an operation needs what its definition says, and one that says nothing a scope of its own.
func TestOperationScopes(t *testing.T) {
	h := open(t, func(c *server.Config) { c.Modules = []fhir.Module{guardedOperation{}} })
	with := func(amr ...string) *smart.Principal {
		p := doctor(t, "user/*.cruds", "nurse")
		p.AMR = amr
		return p
	}
	for _, test := range []struct {
		who    *smart.Principal
		path   string
		status int
	}{
		{with(), "/Observation/$open", 200}, {with(), "/Invoice/$open", 403}, {patient(t, "a", "patient/Observation.s"), "/Observation/$open", 200},
		{patient(t, "a", "patient/Observation.r"), "/Observation/$open", 403}, {patient(t, "a", "patient/Patient.rs"), "/Observation/$open", 403},
		{with("pwd"), "/Patient/$strict", 401}, {with("pwd", "otp"), "/Patient/$strict", 200}, {doctor(t, "user/*.cruds"), "/Patient/$strict", 403},
		{backend(t, "system/Patient.r"), "/Patient/$strict", 200},
		{backend(t, "system/*.cruds"), "/Patient/$none", 403}, {backend(t, "http://example.org/OperationDefinition/none"), "/Patient/$none", 200},
		{backend(t, "http://example.org/OperationDefinition/none"), "/Patient/$strict", 403},
		{backend(t, "system/*.cruds"), "/Patient/$broken", 403}, {backend(t, "system/*.cruds"), "/Patient/$absent", 404},
	} {
		h.get(test.who, test.path).is(test.status)
	}
	if got := h.get(with("pwd"), "/Patient/$strict").header["Www-Authenticate"]; len(got) != 1 || !strings.Contains(got[0], "insufficient_user_authentication") {
		t.Errorf("a step up is asked for with %q", got)
	}
}

// TestRolesAreChecked: roles that make no sense keep a server from starting.
func TestRolesAreChecked(t *testing.T) {
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	config := smart.Config{Spec: spec, Params: search.NewParams(spec, nil)}
	for _, grant := range []smart.Grant{
		{Perms: "rx", Types: []string{"Patient"}}, {Perms: "", Types: []string{"Patient"}}, {Perms: "sr", Types: []string{"Patient"}}, {Perms: "r", Types: []string{"Nonsense"}},
		{Perms: "r", Types: []string{"Patient"}, Where: "nonsense=1"}, {Perms: "r", Types: []string{"*"}, Where: "_id=1"},
	} {
		config.Roles = []smart.Role{{Name: "x", Grants: []smart.Grant{grant}}}
		if _, err := smart.New(config); err == nil {
			t.Errorf("%+v was accepted", grant)
		}
	}
}
