package event

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// Extensions of the guide.
const (
	filterExtension    = Backport + "StructureDefinition/backport-filter-criteria"
	contentExtension   = Backport + "StructureDefinition/backport-payload-content"
	heartbeatExtension = Backport + "StructureDefinition/backport-heartbeat-period"
	timeoutExtension   = Backport + "StructureDefinition/backport-timeout"
	maxCountExtension  = Backport + "StructureDefinition/backport-max-count"
	channelExtension   = Backport + "StructureDefinition/backport-channel-type"
)

const (
	defaultTimeout  = 30 * time.Second
	longestTimeout  = 5 * time.Minute
	defaultMaxCount = 100 // of a subscriber that does not say
	mostMaxCount    = 1000
	crossVersion    = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Subscription"
)

// definition is a Subscription, read.
type definition struct {
	resource  *fhir.Resource
	status    string
	topic     string                // canonical; "" = criteria of R4
	filters   map[string]*criterion // by resource type; of a subscription to a topic those that restrict it
	channel   string
	payload   string // MIME type; "" = none
	content   Content
	max       int
	timeout   time.Duration
	heartbeat time.Duration               // 0 = none
	end       time.Time                   // zero = never
	beside    map[string][]search.Include // of the topic, where anything is told but the number
}

// isCanonical reports whether criteria name a topic.
func isCanonical(criteria string) bool {
	scheme, _, ok := strings.Cut(criteria, ":")
	return ok && !strings.ContainsAny(scheme, "?/=")
}

// canonical is the URL of a topic without its version.
func canonical(criteria string) string {
	url, _, _ := strings.Cut(criteria, "|")
	return url
}

// definitionOf reads a Subscription. Topics are asked for by their canonical; nil = there is none.
func (m *Module) definitionOf(r *fhir.Resource, topics func(url string) (*topic, error)) (*definition, error) {
	root := r.Root()
	c := root.Get("channel")
	d := &definition{
		resource: r, status: root.Get("status").Text(), filters: make(map[string]*criterion), channel: channelType(c),
		payload: c.Get("payload").Text(), content: Empty, max: defaultMaxCount, timeout: defaultTimeout,
	}
	if text := root.Get("end").Text(); text != "" {
		t, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return nil, fhir.NewOutcome(fhir.Value, "the end is not an instant", "Subscription.end")
		}
		d.end = t
	}
	criteria := root.Get("criteria")
	if !isCanonical(criteria.Text()) {
		only, err := m.criterionOf(criteria.Text())
		if err != nil {
			return nil, at(err, "Subscription.criteria")
		}
		if extensionOf(criteria, filterExtension).Exists() {
			return nil, fhir.NewOutcome(fhir.Invalid, "filters are for subscriptions to topics; these criteria are a search", "Subscription.criteria.extension")
		}
		if extensionOf(c.Get("payload"), contentExtension).Exists() {
			return nil, fhir.NewOutcome(fhir.Invalid, "backport-payload-content is for subscriptions to topics; these criteria are a search", "Subscription.channel.payload.extension")
		}
		d.filters[only.typ], d.max = only, 1
		return d, d.bounds(c)
	}
	d.topic = canonical(criteria.Text())
	t, err := topics(d.topic)
	if err != nil {
		return nil, err
	}
	if t == nil || t.retired {
		return nil, fhir.NewOutcome(fhir.NotSupported, "the server has no topic with this canonical URL", "Subscription.criteria")
	}
	if err := m.filtersOf(d, t, criteria); err != nil {
		return nil, err
	}
	if content := extensionOf(c.Get("payload"), contentExtension); content.Exists() {
		if d.content = Content(content.Text()); !slices.Contains([]Content{Empty, IDOnly, FullResource}, d.content) {
			return nil, fhir.NewOutcome(fhir.NotSupported, "the content of notifications is empty, id-only or full-resource", "Subscription.channel.payload.extension")
		}
	} else if d.payload != "" {
		d.content = IDOnly
	}
	if d.content != Empty && d.payload == "" {
		return nil, fhir.NewOutcome(fhir.Required, "notifications with content need a payload type such as application/fhir+json", "Subscription.channel.payload")
	}
	if d.content != Empty {
		d.beside = t.beside
	}
	return d, d.bounds(c)
}

// channelType is the channel: a code of R4, or the one that the extension puts in its place.
func channelType(c fhir.Element) string {
	if x := extensionOf(c.Get("type"), channelExtension); x.Exists() {
		return x.Get("code").Text()
	}
	return c.Get("type").Text()
}

// bounds reads what the channel's extensions say.
func (d *definition) bounds(c fhir.Element) error {
	for _, one := range []struct {
		url         string
		least, most int
		set         func(n int)
	}{
		{heartbeatExtension, 1, 1 << 30, func(n int) { d.heartbeat = time.Duration(n) * time.Second }},
		{timeoutExtension, 1, 1 << 30, func(n int) { d.timeout = min(time.Duration(n)*time.Second, longestTimeout) }},
		{maxCountExtension, 1, 1 << 30, func(n int) { d.max = min(n, mostMaxCount) }},
	} {
		x := extensionOf(c, one.url)
		if !x.Exists() {
			continue
		}
		if d.topic == "" && one.url != timeoutExtension {
			return fhir.NewOutcome(fhir.Invalid, "the extension "+one.url+" is for subscriptions to topics", "Subscription.channel.extension")
		}
		n, err := strconv.Atoi(x.Text())
		if err != nil || n < one.least || n > one.most {
			return fhir.NewOutcome(fhir.Value, "the value of "+one.url+" must be a positive integer", "Subscription.channel.extension")
		}
		one.set(n)
	}
	return nil
}

// filtersOf reads the filters of a subscription to a topic: one criterion for each type that the topic is about.
func (m *Module) filtersOf(d *definition, t *topic, criteria fhir.Element) error {
	types := t.types()
	queries := make(map[string][]string)
	n := -1
	for x := range criteria.Each("extension") {
		n++
		if x.Get("url").Text() != filterExtension {
			continue
		}
		place := "Subscription.criteria.extension[" + strconv.Itoa(n) + "]"
		typ, query, typed := strings.Cut(valueOf(x).Text(), "?")
		if !typed && len(types) == 1 {
			typ, query = types[0], typ
		}
		if !slices.Contains(types, typ) || query == "" {
			return fhir.NewOutcome(fhir.NotSupported, "a filter has the form Type?parameter=value, with a type that the topic is about: "+strings.Join(types, ", "), place)
		}
		c, err := m.criterion(typ, query)
		if err != nil {
			return at(err, place)
		}
		for _, p := range c.used {
			if err := t.allows(typ, p); err != nil {
				return at(err, place)
			}
		}
		queries[typ] = append(queries[typ], query)
	}
	for _, typ := range types {
		c, err := m.criterion(typ, strings.Join(queries[typ], "&"))
		if err != nil {
			return at(err, "Subscription.criteria.extension")
		}
		d.filters[typ] = c
	}
	return nil
}

// allows refuses a filter that a topic does not offer.
func (t *topic) allows(typ string, p fhir.Param) error {
	name, modifier, _ := strings.Cut(p.Name, ":")
	for _, f := range t.filters {
		if f.typ != "" && f.typ != typ || f.param != name {
			continue
		}
		if modifier != "" && !slices.Contains(f.modifiers, modifier) && !slices.Contains(t.types(), modifier) && modifier[0] >= 'a' {
			return fhir.Errorf(fhir.NotSupported, "the topic does not offer the modifier ':%s' of the filter '%s'", modifier, name)
		}
		for value := range strings.SplitSeq(p.Value, ",") {
			if comparator := comparatorOf(value); comparator != "" && len(f.comparators) > 0 && !slices.Contains(f.comparators, comparator) {
				return fhir.Errorf(fhir.NotSupported, "the topic does not offer the comparator '%s' of the filter '%s'", comparator, name)
			}
		}
		return nil
	}
	return fhir.Errorf(fhir.NotSupported, "the topic cannot be filtered by '%s' of %s", name, typ)
}

// comparatorOf is the prefix of a date or number; "" where there is none.
func comparatorOf(value string) string {
	if len(value) > 2 && value[2] >= '0' && value[2] <= '9' && slices.Contains([]string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}, value[:2]) {
		return value[:2]
	}
	return ""
}
