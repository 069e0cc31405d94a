package event

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/search"
)

// Where the elements of a SubscriptionTopic stand in a Basic (domain.md B.3).
const (
	topicCode      = "SubscriptionTopic"
	topicExtension = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."
	typeDefinition = "http://hl7.org/fhir/StructureDefinition/"
)

// topic is a SubscriptionTopic, read from its Basic.
type topic struct {
	url, title string
	retired    bool
	triggers   []*trigger
	filters    []filterBy
	beside     map[string][]search.Include // by the type of the focus
}

// trigger is a resourceTrigger.
type trigger struct {
	typ      string
	on       []fhir.Interaction // none = all
	query    *queryCriteria
	path     *path.Expr
	previous bool // it looks at the image before
}

// queryCriteria are tests of the images before and after.
type queryCriteria struct {
	previous, current  *criterion
	createPasses       bool // a create passes the test of the image that is not there
	deletePasses, both bool
}

// filterBy is a canFilterBy.
type filterBy struct {
	typ, param  string // typ "" = any that the topic is about
	comparators []string
	modifiers   []string
}

// isTopic reports whether a resource is a Basic that holds a topic.
func isTopic(r *fhir.Resource) bool {
	if r == nil || r.Type() != "Basic" {
		return false
	}
	for coding := range r.Root().Get("code").Each("coding") {
		if coding.Get("code").Text() == topicCode {
			return true
		}
	}
	return false
}

// topicURL is the canonical of a topic.
func topicURL(r *fhir.Resource) string {
	if !isTopic(r) {
		return ""
	}
	return extensionOf(r.Root(), topicExtension+"url").Text()
}

// extensionOf is the value of the first extension of a URL; absent where there is none.
func extensionOf(e fhir.Element, url string) fhir.Element {
	for _, list := range []string{"extension", "modifierExtension"} {
		for x := range e.Each(list) {
			if x.Get("url").Text() == url {
				return valueOf(x)
			}
		}
	}
	return fhir.Element{}
}

// valueOf is the value[x] of an extension.
func valueOf(x fhir.Element) fhir.Element {
	for p := x.First(); p.Exists(); p = p.Next() {
		if name := strings.TrimPrefix(p.Name(), "_"); strings.HasPrefix(name, "value") {
			return x.Get(name)
		}
	}
	return fhir.Element{}
}

func texts(e fhir.Element, url string) (list []string) {
	for x := range e.Each("extension") {
		if x.Get("url").Text() == url {
			list = append(list, valueOf(x).Text())
		}
	}
	return list
}

// topicOf reads a topic. Errors name the extension that cannot be served.
func (m *Module) topicOf(r *fhir.Resource) (*topic, error) {
	root := r.Root()
	t := &topic{url: topicURL(r), title: extensionOf(root, topicExtension+"title").Text()}
	status := extensionOf(root, topicExtension+"status").Text()
	t.retired = status == "retired" || status == "unknown"
	if t.url == "" {
		return nil, fhir.NewOutcome(fhir.Required, "a topic needs its canonical URL: the extension "+topicExtension+"url", "Basic.extension")
	}
	for x := range root.Each("extension") {
		switch x.Get("url").Text() {
		case topicExtension + "resourceTrigger":
			trigger, err := m.triggerOf(x)
			if err != nil {
				return nil, at(err, x.Path())
			}
			t.triggers = append(t.triggers, trigger)
		case topicExtension + "eventTrigger":
			return nil, fhir.NewOutcome(fhir.NotSupported, "event triggers are not supported, only resource triggers are", x.Path())
		}
	}
	if len(t.triggers) == 0 {
		return nil, fhir.NewOutcome(fhir.Required, "a topic needs a resource trigger: the extension "+topicExtension+"resourceTrigger", "Basic.extension")
	}
	for x := range root.Each("extension") {
		switch x.Get("url").Text() {
		case topicExtension + "canFilterBy":
			f, err := m.filterBy(t, x)
			if err != nil {
				return nil, at(err, x.Path())
			}
			t.filters = append(t.filters, f)
		case topicExtension + "notificationShape":
			if err := m.shape(t, x); err != nil {
				return nil, at(err, x.Path())
			}
		}
	}
	return t, nil
}

// typeNamed is the resource type that a URI or a name stands for; "" where there is none.
func (m *Module) typeNamed(text string) string {
	if name := strings.TrimPrefix(text, typeDefinition); m.config.Spec.IsResource(name) {
		return name
	}
	return ""
}

func (m *Module) triggerOf(x fhir.Element) (*trigger, error) {
	t := &trigger{typ: m.typeNamed(extensionOf(x, "resource").Text())}
	if t.typ == "" {
		return nil, fhir.NewOutcome(fhir.CodeInvalid, "the trigger names no resource type of R4")
	}
	for _, code := range texts(x, "supportedInteraction") {
		on := fhir.Interaction(code)
		if on != fhir.Create && on != fhir.Update && on != fhir.Delete {
			return nil, fhir.NewOutcome(fhir.CodeInvalid, "a trigger is for create, update and delete")
		}
		t.on = append(t.on, on)
	}
	for q := range x.Each("extension") {
		if q.Get("url").Text() == "queryCriteria" {
			c, err := m.queryOf(t.typ, q)
			if err != nil {
				return nil, err
			}
			t.query, t.previous = c, t.previous || c.previous != nil
		}
	}
	if text := extensionOf(x, "fhirPathCriteria").Text(); text != "" {
		expr, err := path.Compile(m.config.Spec, text)
		if err != nil {
			return nil, err
		}
		t.path, t.previous = expr, true
	}
	return t, nil
}

func (m *Module) queryOf(typ string, x fhir.Element) (*queryCriteria, error) {
	q := &queryCriteria{
		createPasses: extensionOf(x, "resultForCreate").Text() != "test-fails", deletePasses: extensionOf(x, "resultForDelete").Text() == "test-passes",
		both: extensionOf(x, "requireBoth").Text() == "true",
	}
	for _, side := range []struct {
		url string
		to  **criterion
	}{{"previous", &q.previous}, {"current", &q.current}} {
		text := extensionOf(x, side.url).Text()
		if text == "" {
			continue
		}
		c, err := m.criterion(typ, strings.TrimPrefix(text, typ+"?"))
		if err != nil {
			return nil, err
		}
		*side.to = c
	}
	return q, nil
}

func (m *Module) filterBy(t *topic, x fhir.Element) (filterBy, error) {
	f := filterBy{param: extensionOf(x, "filterParameter").Text(), comparators: texts(x, "comparator"), modifiers: texts(x, "modifier")}
	if text := extensionOf(x, "resource").Text(); text != "" {
		if f.typ = m.typeNamed(text); f.typ == "" {
			return f, fhir.NewOutcome(fhir.CodeInvalid, "the filter names no resource type of R4")
		}
	}
	for _, trigger := range t.triggers {
		if (f.typ == "" || f.typ == trigger.typ) && m.config.Params.Param(trigger.typ, f.param) == nil {
			return f, fhir.Errorf(fhir.NotSupported, "%s has no search parameter '%s' to filter by", trigger.typ, f.param)
		}
	}
	return f, nil
}

// types are the resource types that a topic is about.
func (t *topic) types() (list []string) {
	for _, trigger := range t.triggers {
		if !slices.Contains(list, trigger.typ) {
			list = append(list, trigger.typ)
		}
	}
	return list
}

// at gives an error the place in the request that it is about.
func at(err error, place string) error {
	o := *fhir.AsOutcome(err)
	o.Issues = slices.Clone(o.Issues)
	for i := range o.Issues {
		if len(o.Issues[i].Expression) == 0 {
			o.Issues[i].Expression = []string{place}
		}
	}
	return &o
}
