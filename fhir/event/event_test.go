package event_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/event"
	"andiron.dev/fhir/r4"
	"andiron.dev/fhir/rules"
	"andiron.dev/fhir/store/sqlite"
	"andiron.dev/fhir/store/storetest/chosen"
	"andiron.dev/search"
)

// post is a channel that keeps what it is given.
type post struct {
	mu   sync.Mutex
	got  []*event.Notification
	fail func(n *event.Notification) error
}

func (p *post) Check(*fhir.Resource) *fhir.Outcome { return nil }

func (p *post) Deliver(_ context.Context, n *event.Notification) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail != nil {
		if err := p.fail(n); err != nil {
			return err
		}
	}
	p.got = append(p.got, n)
	return nil
}

// events are what was delivered, as "number type/id method".
func (p *post) events() (list []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.got {
		for _, e := range n.Events {
			list = append(list, fmt.Sprintf("%d %s/%s %s", e.Number, e.Type, e.ID, e.Method))
		}
	}
	return list
}

// house is a store with subscriptions at work on it.
type house struct {
	t      testing.TB
	store  fhir.Store // with the rules
	raw    chosen.Store
	worker fhir.Worker
	stop   func()
}

func open(t testing.TB, dir string, channel event.Channel) *house {
	t.Helper()
	spec, err := r4.Decode()
	if err != nil {
		t.Fatal(err)
	}
	params := search.NewParams(spec, nil)
	raw := chosen.Open(t, sqlite.Options{Dir: dir, Params: params, Unsafe: true})
	m, err := event.New(event.Config{Store: raw, Spec: spec, Params: params, Channels: map[string]event.Channel{"rest-hook": channel}, Now: time.Now, NewID: rand.Text})
	if err != nil {
		t.Fatal(err)
	}
	registry := fhir.NewRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	enforcer := rules.New(raw, nil)
	enforcer.Attach(registry)
	h := &house{t: t, store: enforcer.Store(), raw: raw, worker: registry.Workers()[0]}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.worker.Run(ctx)
	}()
	h.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
		if err := raw.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(h.stop)
	return h
}

func (h *house) put(text string) error {
	h.t.Helper()
	r, err := fhir.ParseResource(text, fhir.DefaultLimits())
	if err != nil {
		h.t.Fatal(err)
	}
	return h.store.Update(context.Background(), nil, func(tx fhir.Tx) error {
		_, err := tx.Put(context.Background(), r)
		return err
	})
}

func (h *house) must(text string) {
	h.t.Helper()
	if err := h.put(text); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) drain() {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := h.worker.Drain(ctx); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) remove(typ, id string) {
	h.t.Helper()
	if err := h.store.Update(context.Background(), nil, func(tx fhir.Tx) error {
		_, err := tx.Delete(context.Background(), typ, id)
		return err
	}); err != nil {
		h.t.Fatal(err)
	}
}

const extension = "http://hl7.org/fhir/5.0/StructureDefinition/extension-SubscriptionTopic."

// topicText is a topic with one trigger, which is given as extensions.
func topicText(id, trigger string) string {
	return fmt.Sprintf(`{"resourceType":"Basic","id":"%s","code":{"coding":[{"code":"SubscriptionTopic"}]},"extension":[{"url":"%surl","valueUri":"https://example.org/%s"},
		{"url":"%sresourceTrigger","extension":[{"url":"resource","valueUri":"http://hl7.org/fhir/StructureDefinition/Encounter"}%s]},
		{"url":"%scanFilterBy","extension":[{"url":"filterParameter","valueString":"patient"}]}]}`, id, extension, id, extension, trigger, extension)
}

func subscriptionText(id, criteria, more string) string {
	return fmt.Sprintf(`{"resourceType":"Subscription","id":"%s","status":"requested","reason":"test","criteria":"%s"%s,"channel":{"type":"rest-hook","payload":"application/fhir+json"}}`, id, criteria, more)
}

func encounter(id, status, patient string) string {
	return fmt.Sprintf(`{"resourceType":"Encounter","id":"%s","status":"%s","class":{"code":"AMB"},"subject":{"reference":"Patient/%s"}}`, id, status, patient)
}

// TestTriggers: what happens to an encounter is announced as the topic says.
func TestTriggers(t *testing.T) {
	query := func(parts string) string { return `,{"url":"queryCriteria","extension":[` + parts + `]}` }
	const was, is, both = `{"url":"previous","valueString":"status:not=finished"}`, `{"url":"current","valueString":"status=finished"}`, `{"url":"requireBoth","valueBoolean":true}`
	for _, test := range []struct{ name, trigger, want string }{
		{"everything", "", "create update update delete"},
		{"interactions", `,{"url":"supportedInteraction","valueCode":"delete"}`, "delete"},
		{"transition", query(was + "," + is + "," + both), "update"},
		{"a create fails", query(was + "," + both + `,{"url":"resultForCreate","valueCode":"test-fails"}`), "update"},
		{"a delete passes", query(is + `,{"url":"resultForDelete","valueCode":"test-passes"}`), "update update delete"},
		{"either", query(was + "," + is), "create update update"},
		{"FHIRPath", `,{"url":"fhirPathCriteria","valueString":"%previous.status != %current.status"}`, "update"},
		{"deleted", `,{"url":"fhirPathCriteria","valueString":"%current.empty() and %previous.status = 'finished'"}`, "delete"},
		{"it fails", `,{"url":"fhirPathCriteria","valueString":"%current.status + 1 = 2"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := &post{}
			h := open(t, t.TempDir(), p)
			h.must(topicText("topic", test.trigger))
			h.must(subscriptionText("a", "https://example.org/topic", ""))
			h.must(encounter("e", "planned", "1"))
			h.must(encounter("e", "finished", "1"))
			h.must(strings.Replace(encounter("e", "finished", "1"), `"class"`, `"language":"en","class"`, 1))
			h.remove("Encounter", "e")
			h.drain()
			var got []string
			for i, e := range p.events() {
				if !strings.HasPrefix(e, fmt.Sprintf("%d Encounter/e ", i+1)) {
					t.Errorf("event %d is %q", i+1, e)
				}
				got = append(got, e[strings.LastIndexByte(e, ' ')+1:])
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestFilters: only what passes the filter is announced; of what is deleted the image before decides.
func TestFilters(t *testing.T) {
	p := &post{}
	h := open(t, t.TempDir(), p)
	h.must(topicText("topic", ""))
	h.must(subscriptionText("a", "https://example.org/topic", `,"_criteria":{"extension":[{"url":"`+event.Backport+`StructureDefinition/backport-filter-criteria","valueString":"Encounter?patient=Patient/1"}]}`))
	h.must(encounter("one", "planned", "1"))
	h.must(encounter("two", "planned", "2"))
	h.remove("Encounter", "two")
	h.remove("Encounter", "one")
	h.drain()
	if got := p.events(); !slices.Equal(got, []string{"1 Encounter/one create", "2 Encounter/one delete"}) {
		t.Errorf("%q", got)
	}
}

// TestTopicAtRunTime: a topic that changes counts from then on, and one that cannot be served is refused.
func TestTopicAtRunTime(t *testing.T) {
	p := &post{}
	h := open(t, t.TempDir(), p)
	if err := h.put(subscriptionText("a", "https://example.org/topic", "")); fhir.CodeOf(err) != fhir.NotSupported {
		t.Errorf("a topic that there is not: %v", err)
	}
	h.must(topicText("topic", `,{"url":"supportedInteraction","valueCode":"create"}`))
	h.must(subscriptionText("a", "https://example.org/topic", ""))
	h.must(encounter("one", "planned", "1"))
	h.must(topicText("topic", `,{"url":"supportedInteraction","valueCode":"update"}`))
	h.must(encounter("two", "planned", "1"))
	h.must(encounter("two", "finished", "1"))
	h.drain()
	if got := p.events(); !slices.Equal(got, []string{"1 Encounter/one create", "2 Encounter/two update"}) {
		t.Errorf("%q", got)
	}
	for _, trigger := range []string{`,{"url":"fhirPathCriteria","valueString":"%current.status ="}`, `,{"url":"supportedInteraction","valueCode":"read"}`,
		`,{"url":"queryCriteria","extension":[{"url":"current","valueString":"nothing=1"}]}`} {
		if err := h.put(topicText("other", trigger)); err == nil || len(fhir.AsOutcome(err).Issues[0].Expression) == 0 {
			t.Errorf("%s: %v", trigger, err)
		}
	}
	if err := h.put(strings.Replace(topicText("topic", ""), `"id":"topic"`, `"id":"again"`, 1)); fhir.CodeOf(err) != fhir.Duplicate {
		t.Errorf("a canonical twice: %v", err)
	}
}

// TestTwoDispatchers: of two processes on one store one dispatches, and the other goes on when it is gone.
func TestTwoDispatchers(t *testing.T) {
	dir, p := t.TempDir(), &post{}
	first := open(t, dir, p)
	first.must(subscriptionText("a", "Encounter?status=planned", ""))
	first.must(subscriptionText("b", "Encounter?patient=Patient/1", ""))
	first.drain()
	second := open(t, dir, p)
	const n = 50
	var writers sync.WaitGroup
	for i, h := range []*house{first, second} {
		writers.Go(func() {
			for k := range n {
				h.must(encounter(fmt.Sprintf("%d-%d", i, k), "planned", "1"))
			}
		})
	}
	writers.Wait()
	first.stop()
	second.must(encounter("last", "planned", "1"))
	second.drain()
	numbers := map[string][]int64{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, n := range p.got {
		for _, e := range n.Events {
			id := n.Subscription.ID()
			numbers[id] = append(numbers[id], e.Number)
		}
	}
	for _, id := range []string{"a", "b"} {
		if len(numbers[id]) != 2*n+1 || !slices.IsSorted(numbers[id]) || numbers[id][2*n] != 2*n+1 {
			t.Errorf("%s: %v", id, numbers[id])
		}
	}
}

// TestGone: what a channel says is for ever ends in an error at once, and a put asks for it again.
func TestGone(t *testing.T) {
	p := &post{fail: func(*event.Notification) error { return fmt.Errorf("it is gone: %w", event.ErrPermanent) }}
	h := open(t, t.TempDir(), p)
	h.must(subscriptionText("a", "Encounter?", ""))
	h.must(encounter("one", "planned", "1"))
	h.drain()
	status := func() string {
		var text string
		if err := h.raw.View(t.Context(), func(tx fhir.Tx) error {
			r, err := tx.Read(t.Context(), "Subscription", "a")
			if err == nil {
				text = r.Root().Get("status").Text() + " " + r.Root().Get("error").Text()
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return text
	}
	if got := status(); !strings.HasPrefix(got, "error notifications could not be delivered: it is gone") {
		t.Fatal(got)
	}
	p.mu.Lock()
	p.fail = nil
	p.mu.Unlock()
	h.must(subscriptionText("a", "Encounter?", ""))
	h.must(encounter("two", "planned", "1"))
	h.drain()
	if got := p.events(); status() != "active " || !slices.Equal(got, []string{"2 Encounter/two create"}) {
		t.Errorf("%s %q", status(), got)
	}
	if err := h.put(strings.Replace(subscriptionText("a", "Encounter?", ""), "requested", "error", 1)); !errors.As(err, new(*fhir.Outcome)) {
		t.Errorf("a client says that it is in error: %v", err)
	}
}
