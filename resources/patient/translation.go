package patient

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// translation is a message as a transaction.
type translation struct {
	m       *Module
	ctx     context.Context
	message *fhir.Message
	about   subject
	urls    map[string]string // of entries in the transaction, by what the message calls them
	origin  []int             // entries of the message
	entries []any
	bundle  *fhir.Resource
}

// translate makes a transaction of a message. References between entries become those of the transaction: what the sender calls its resources
// means nothing here. Errors: Required; MultipleMatches.
func (m *Module) translate(ctx context.Context, message *fhir.Message, about subject) (*translation, error) {
	t := &translation{m: m, ctx: ctx, message: message, about: about, urls: make(map[string]string)}
	found, n := false, 0
	for entry := range message.Bundle.Root().Each("entry") {
		r := entry.Get("resource")
		typ := r.Get("resourceType").Text()
		if n > 0 && r.Exists() {
			url := urn(message, n)
			for _, name := range []string{entry.Get("fullUrl").Text(), typ + "/" + r.Get("id").Text(), fhir.ParseReference(entry.Get("fullUrl").Text()).Relative()} {
				if name != "" && !strings.HasSuffix(name, "/") {
					t.urls[name] = url
				}
			}
			found = found || slices.Contains(about.types, typ)
		}
		n++
	}
	if !found {
		return nil, fhir.NewOutcome(fhir.Required, "a message about this event needs a resource of the type "+strings.Join(about.types, " or "), "Bundle.entry")
	}
	n = 0
	for entry := range message.Bundle.Root().Each("entry") {
		if r := entry.Get("resource"); n > 0 && r.Exists() {
			if err := t.add(r, n); err != nil {
				return nil, err
			}
		}
		n++
	}
	var err error
	t.bundle, err = made(object{"resourceType": "Bundle", "type": "transaction", "entry": t.entries})
	return t, err
}

// urn is what an entry is called in the transaction: the same each time that the message comes.
func urn(message *fhir.Message, n int) string {
	sum := []byte(digest(source(message), message.Header.Get("id").Text(), fmt.Sprint(n)))
	sum[12], sum[16] = '8', '8' // a UUID of no standard kind (RFC 9562 §5.8)
	return "urn:uuid:" + string(sum[:8]) + "-" + string(sum[8:12]) + "-" + string(sum[12:16]) + "-" + string(sum[16:20]) + "-" + string(sum[20:])
}

// add adds an entry of the message.
func (t *translation) add(given fhir.Element, n int) error {
	typ := given.Get("resourceType").Text()
	r := fhir.Render(given, typ, "", func(e fhir.Element) (string, bool) {
		if e.Name() != "reference" {
			return "", false
		}
		url := t.urls[e.Text()]
		return url, url != ""
	})
	request, body, err := t.request(r, n)
	if err != nil {
		return err
	}
	t.entries = append(t.entries, object{"fullUrl": urn(t.message, n), "resource": body.object(), "request": request})
	t.origin = append(t.origin, n)
	return nil
}

// request says how a resource is written: what has an identifier is found by it. Master data and, unless the sender knows them best, Patients are
// created where there are none, and left alone otherwise.
func (t *translation) request(r *fhir.Resource, n int) (object, *draft, error) {
	d := draftOf(r.Root())
	t.mark(d, r.Root())
	var ids []identifier
	if t.m.config.Params.Param(r.Type(), "identifier") != nil {
		ids = identifiersOf(r.Root())
	}
	at := fmt.Sprintf("Bundle.entry[%d].resource", n)
	switch {
	case r.Type() == "Patient" && len(ids) == 0:
		return nil, nil, refusal(fhir.BusinessRule, "identifier-missing", "a Patient in a message needs an identifier with a system", at+".identifier")
	case r.Type() == "Patient" && t.about.known:
		return t.patient(d, r, ids, n)
	case len(ids) == 0:
		return object{"method": "POST", "url": r.Type()}, d, nil
	case r.Type() == "Patient", slices.Contains([]string{"Practitioner", "PractitionerRole", "Organization", "Location", "HealthcareService", "Device"}, r.Type()):
		return object{"method": "POST", "url": r.Type(), "ifNoneExist": "identifier=" + condition(ids[0])}, d, nil
	}
	return object{"method": "PUT", "url": r.Type() + "?identifier=" + condition(ids[0])}, d, nil
}

// condition is an identifier as it stands in a search.
func condition(id identifier) string {
	return fhir.Params{{Name: "identifier", Value: search.Escape(id.system) + "|" + search.Escape(id.value)}}.Encode()[len("identifier="):]
}

// mark notes in a resource who has sent it.
func (t *translation) mark(d *draft, root fhir.Element) {
	from := source(t.message)
	if from == "" || root.Get("meta").Get("source").Exists() {
		return
	}
	meta := draftOf(root.Get("meta"))
	meta.set("source", from)
	d.set("meta", meta.object())
}

// patient is a Patient whom the sender knows best: what the message has takes the place of what is here, but identifiers are kept beside the sender's, and
// links, whether the record is in use, and whose it is are for this server to say.
func (t *translation) patient(sent *draft, r *fhir.Resource, ids []identifier, n int) (object, *draft, error) {
	at := fmt.Sprintf("Bundle.entry[%d].resource", n)
	current, err := t.current(ids, at)
	if err != nil {
		return nil, nil, err
	}
	if current == nil {
		return object{"method": "POST", "url": "Patient", "ifNoneExist": "identifier=" + condition(ids[0])}, sent, nil
	}
	policy, err := t.m.policyFor(t.ctx, source(t.message))
	if err != nil {
		return nil, nil, err
	}
	d := draftResource(current)
	var kept []string
	for _, name := range sent.names {
		switch base := strings.TrimPrefix(name, "_"); base {
		case "resourceType", "id", "identifier", "link":
		case "active", "managingOrganization":
			if !d.has(base) {
				d.put(name, sent.values[name])
			}
		case "meta":
			d.put(name, sent.values[name])
		default:
			if d.has(base) && policy.keeps(base) {
				if !fhir.Equal(r.Root().Get(base), current.Root().Get(base)) && !slices.Contains(kept, base) {
					kept = append(kept, base)
				}
				continue
			}
			d.put(name, sent.values[name])
		}
	}
	if kept != nil {
		t.reconcile(current, sent, kept, n)
	}
	if !sent.has("text") {
		d.set("text", nil) // it was about what the record said before
	}
	had := make(map[identifier]bool)
	for _, id := range identifiersOf(current.Root()) {
		had[id] = true
	}
	for e := range r.Root().Each("identifier") {
		if id := (identifier{e.Get("system").Text(), e.Get("value").Text()}); !had[id] {
			d.add("identifier", draftOf(e).object())
		}
	}
	return object{"method": "PUT", "url": current.Reference(), "ifMatch": fhir.ETag(current.VersionID())}, d, nil
}

// current is the Patient who has one of some identifiers: the survivor, where it has been merged. Errors: MultipleMatches.
func (t *translation) current(ids []identifier, at string) (*fhir.Resource, error) {
	var list []string
	for _, id := range ids {
		list = append(list, search.Escape(id.system)+"|"+search.Escape(id.value))
	}
	base := t.m.base(t.message.Base)
	q, err := t.m.query(base, "Patient", fhir.Param{Name: "identifier", Value: strings.Join(list, ",")})
	if err != nil {
		return nil, err
	}
	var current *fhir.Resource
	return current, t.m.config.Store.View(t.ctx, func(tx fhir.Tx) error {
		var found []*fhir.Resource
		if err := search.Each(t.ctx, tx, q, func(r *fhir.Resource) bool {
			found = append(found, r)
			return len(found) < 100
		}); err != nil {
			return err
		}
		for _, r := range found {
			one, err := t.m.survivor(t.ctx, tx, base, r)
			switch {
			case err != nil:
				return err
			case one == nil:
			case current != nil && current.ID() != one.ID():
				return fhir.PreconditionFailed(fhir.MultipleMatches, "the identifiers of a Patient are those of several").Within(at)
			default:
				current = one
			}
		}
		return nil
	})
}

// reply names what came of the focus of the message.
func (t *translation) reply(resp *fhir.Response) *fhir.MessageReply {
	stored := make(map[string]string)
	if resp.Bundle != nil {
		for i, e := range resp.Bundle.Entries {
			if v := e.Response.Version; v != nil && i < len(t.origin) {
				stored[urn(t.message, t.origin[i])] = v.Type + "/" + v.ID
			}
		}
	}
	reply := &fhir.MessageReply{}
	for focus := range t.message.Header.Each("focus") {
		if to := stored[t.urls[focus.Get("reference").Text()]]; to != "" {
			reply.Focus = append(reply.Focus, to)
		}
	}
	return reply
}

// placed is an error of the transaction with the places of the message.
func (t *translation) placed(err error) error {
	o := *fhir.AsOutcome(err)
	if o.Code() == fhir.Exception {
		return err
	}
	o.Issues = slices.Clone(o.Issues)
	for i := range o.Issues {
		o.Issues[i].Expression = slices.Clone(o.Issues[i].Expression)
		for k, place := range o.Issues[i].Expression {
			var n int
			if _, err := fmt.Sscanf(place, "Bundle.entry[%d]", &n); err == nil && n < len(t.origin) {
				o.Issues[i].Expression[k] = strings.Replace(place, fmt.Sprintf("[%d]", n), fmt.Sprintf("[%d]", t.origin[n]), 1)
			}
		}
	}
	return &o
}
