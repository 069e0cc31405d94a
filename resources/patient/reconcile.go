package patient

import (
	"context"
	"net/url"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
)

// sourcePolicy is the extension by which an active Endpoint, whose address is what senders call themselves in MessageHeader.source.endpoint, says
// whose word counts about patients: parts 'wins' (external or local) and 'element' (names of elements of Patient; none = all). What
// names an element comes before what names none; where nothing is said the sender knows best.
const sourcePolicy = fhir.CanonicalBase + "/StructureDefinition/source-policy"

// policy is what is said of a sender.
type policy struct {
	local   bool            // this server knows best
	element map[string]bool // the same of elements
}

// keeps reports whether an element stays as it is here.
func (p *policy) keeps(element string) bool {
	if local, said := p.element[element]; said {
		return local
	}
	return p.local
}

// policyFor reads what is said of a sender.
func (m *Module) policyFor(ctx context.Context, sender string) (*policy, error) {
	p := &policy{element: make(map[string]bool)}
	if sender == "" {
		return p, nil
	}
	q, err := m.query(m.config.BaseURL, "Endpoint", fhir.Param{Name: "status", Value: "active"})
	if err != nil {
		return nil, err
	}
	sys := smart.System(ctx)
	return p, m.config.Store.View(sys, func(tx fhir.Tx) error {
		return search.Each(sys, tx, q, func(r *fhir.Resource) bool {
			if r.Root().Get("address").Text() != sender {
				return true
			}
			for extension := range r.Root().Each("extension") {
				if extension.Get("url").Text() == sourcePolicy {
					p.read(extension)
				}
			}
			return false
		})
	})
}

func (p *policy) read(extension fhir.Element) {
	local := false
	var elements []string
	for part := range extension.Each("extension") {
		switch part.Get("url").Text() {
		case "wins":
			local = part.Get("valueCode").Text() == "local"
		case "element":
			elements = append(elements, part.Get("valueString").Text())
		}
	}
	if elements == nil {
		p.local = local
	}
	for _, element := range elements {
		p.element[element] = local
	}
}

// taskTypes is the code system of Task.code.
const taskTypes = fhir.CanonicalBase + "/CodeSystem/task-type"

// reconcile adds a Task for somebody to look at what a sender says otherwise of a Patient. There is one open at a time, with what was said last.
func (t *translation) reconcile(current *fhir.Resource, sent *draft, elements []string, n int) {
	slices.Sort(elements)
	said := *sent
	said.values = make(map[string]string, len(sent.values))
	for name, text := range sent.values {
		said.values[name] = text
	}
	said.set("id", "sent")
	said.set("meta", nil)
	said.set("text", nil)
	said.set("contained", nil)
	input := []any{object{"type": object{"text": "sent"}, "valueReference": reference("#sent")}}
	for _, element := range elements {
		input = append(input, object{"type": object{"text": "element"}, "valueString": element})
	}
	task := object{
		"resourceType": "Task", "contained": []any{said.object()}, "status": "requested", "intent": "order", "code": concept(taskTypes, "reconcile", "Reconcile records"),
		"description": "Another system says something else of the patient than this record, which was left as it is", "focus": reference(current.Reference()), "for": reference(current.Reference()),
		"authoredOn": t.m.config.Now().UTC().Format(time.RFC3339), "input": input, "meta": object{"source": source(t.message)},
	}
	where := url.Values{"code": {taskTypes + "|reconcile"}, "focus": {current.Reference()}, "status": {"requested"}}
	t.entries = append(t.entries, object{"resource": task, "request": object{"method": "PUT", "url": "Task?" + where.Encode()}})
	t.origin = append(t.origin, n)
}
