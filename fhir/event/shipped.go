package event

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// topics are those that are part of the program (domain.md §5.2), as far as their resources say that something has happened.
//
//go:embed topics.json
var topics string

// shippedTopic is a line of it.
type shippedTopic struct {
	Name, Title string
	URL         string // "" = below the server's own
	Triggers    []struct {
		Resource string
		On       []string
		When     string // FHIRPath; "" = always
	}
	Filters []string // search parameters that all of its resources have
}

// ship reads the topics that are part of the program.
func (m *Module) ship() error {
	var list []shippedTopic
	if err := json.Unmarshal([]byte(topics), &list); err != nil {
		return err
	}
	for _, one := range list {
		r, err := one.basic()
		if err == nil {
			_, err = m.topicOf(r)
		}
		if err != nil {
			return fmt.Errorf("the topic %s: %w", one.Name, err)
		}
		m.shipped = append(m.shipped, r)
		m.byURL[topicURL(r)] = r
	}
	return nil
}

// basic is the topic as a resource.
func (t *shippedTopic) basic() (*fhir.Resource, error) {
	type extension map[string]any
	url := t.URL
	if url == "" {
		url = fhir.CanonicalBase + "/SubscriptionTopic/" + t.Name
	}
	list := []extension{{"url": topicExtension + "url", "valueUri": url}, {"url": topicExtension + "title", "valueString": t.Title}}
	for _, trigger := range t.Triggers {
		parts := []extension{{"url": "resource", "valueUri": typeDefinition + trigger.Resource}}
		for _, on := range trigger.On {
			parts = append(parts, extension{"url": "supportedInteraction", "valueCode": on})
		}
		if trigger.When != "" {
			parts = append(parts, extension{"url": "fhirPathCriteria", "valueString": trigger.When})
		}
		list = append(list, extension{"url": topicExtension + "resourceTrigger", "extension": parts})
	}
	for _, trigger := range t.Triggers {
		for _, filter := range t.Filters {
			list = append(list, extension{"url": topicExtension + "canFilterBy", "extension": []extension{
				{"url": "resource", "valueUri": typeDefinition + trigger.Resource}, {"url": "filterParameter", "valueString": filter},
			}})
		}
	}
	text, err := json.Marshal(map[string]any{
		"resourceType": "Basic", "id": "topic-" + t.Name, "extension": list,
		"modifierExtension": []extension{{"url": topicExtension + "status", "valueCode": "active"}},
		"code":              map[string]any{"coding": []any{map[string]any{"system": "http://hl7.org/fhir/fhir-types", "code": topicCode}}},
	})
	if err != nil {
		return nil, err
	}
	return fhir.ParseResource(string(text), fhir.DefaultLimits())
}

// Canonicals are the topics that are part of the program, for the CapabilityStatement.
func (m *Module) Canonicals() (list []string) {
	for _, r := range m.shipped {
		list = append(list, topicURL(r))
	}
	return list
}

// Topics is middleware: topics that are part of the program can be read and searched for as Basic, as if they were stored. One that is stored
// under the same id comes before them.
func (m *Module) Topics(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		resp, err := next.Serve(ctx, req)
		switch {
		case req.Type != "Basic":
		case req.Interaction == fhir.Read && fhir.CodeOf(err) == fhir.NotFound:
			if i := slices.IndexFunc(m.shipped, func(r *fhir.Resource) bool { return r.ID() == req.ID }); i >= 0 {
				return &fhir.Response{Resource: m.shipped[i]}, nil
			}
		case req.Interaction == fhir.SearchType && err == nil && resp.Bundle != nil && asksForTopics(req):
			m.join(req, resp.Bundle)
		}
		return resp, err
	})
}

// asksForTopics reports whether a search is for topics, all of them on the first page.
func asksForTopics(req *fhir.Request) bool {
	found := false
	for _, p := range req.Params {
		switch p.Name {
		case "code":
			found = found || p.Value == topicCode || strings.HasSuffix(p.Value, "|"+topicCode)
		case "_count", "_format", "_pretty", "_total", "_id":
		default:
			return false
		}
	}
	return found
}

// join adds the topics that match and are not stored to the first page of a search.
func (m *Module) join(req *fhir.Request, b *fhir.Bundle) {
	q, _, err := m.config.Params.Parse("Basic", req.Params, search.Options{Base: req.Base, Now: m.config.Now})
	if err != nil || q.Count == 0 {
		return
	}
	matcher := m.config.Params.Matcher("Basic", q.Where)
	for _, r := range m.shipped {
		stored := slices.ContainsFunc(b.Entries, func(e fhir.Entry) bool { return e.Resource != nil && e.Resource.ID() == r.ID() })
		if stored || !matcher.Match(r, nil) {
			continue
		}
		b.Entries = append(b.Entries, fhir.Entry{Resource: r, Mode: fhir.ModeMatch})
		if b.Total >= 0 {
			b.Total++
		}
	}
}
