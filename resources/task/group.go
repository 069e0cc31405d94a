package task

import (
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// stepExtension gives a Task a place among the steps of its group: parts sequence (positiveInt) and required (boolean).
const stepExtension = fhir.CanonicalBase + "/StructureDefinition/step-required"

// requestGroups are the RequestGroups that a Task is based on: "RequestGroup/1".
func requestGroups(r *fhir.Resource) (list []string) {
	for e := range r.Root().Each("basedOn") {
		if ref := fhir.ParseReference(e.Get("reference").Text()); ref.Type == "RequestGroup" {
			list = append(list, ref.Relative())
		}
	}
	return list
}

// groupsOf names what a Task is a step in; nothing for a Task that is no step.
func groupsOf(r *fhir.Resource) []string {
	list := requestGroups(r)
	if _, placed := sequenceOf(r); placed && len(list) == 0 {
		if key := groupIdentifier(r); key != "" {
			list = append(list, key)
		}
	}
	if len(list) == 0 {
		for range afters(r) {
			return []string{r.Root().Get("encounter").Get("reference").Text() + " " + r.Root().Get("for").Get("reference").Text()}
		}
	}
	return list
}

// groupIdentifier is Task.groupIdentifier as a search has it; "" = there is none.
func groupIdentifier(r *fhir.Resource) string {
	e := r.Root().Get("groupIdentifier")
	value := e.Get("value").Text()
	if value == "" {
		return ""
	}
	return e.Get("system").Text() + "|" + value
}

// sequenceOf is the place of a Task among the steps of its group.
func sequenceOf(r *fhir.Resource) (n int, ok bool) {
	for e := range r.Root().Each("extension") {
		if e.Get("url").Text() != stepExtension {
			continue
		}
		for part := range e.Each("extension") {
			if part.Get("url").Text() == "sequence" {
				n, err := strconv.Atoi(part.Get("valuePositiveInt").Text())
				return n, err == nil
			}
		}
	}
	return 0, false
}

// isRequired reports whether the steps with a later place wait for a Task: they do unless it says otherwise.
func isRequired(r *fhir.Resource) bool {
	for e := range r.Root().Each("extension") {
		if e.Get("url").Text() != stepExtension {
			continue
		}
		if e.Get("valueBoolean").Text() == "false" {
			return false
		}
		for part := range e.Each("extension") {
			if part.Get("url").Text() == "required" && part.Get("valueBoolean").Text() == "false" {
				return false
			}
		}
	}
	return true
}

// afters are the references to the Tasks that a Task itself says it comes after: its inputs "after".
func afters(r *fhir.Resource) (list []string) {
	for in := range r.Root().Each("input") {
		if !hasCode(in.Get("type"), "after") {
			continue
		}
		if ref := fhir.ParseReference(in.Get("valueReference").Get("reference").Text()); ref.Type == "Task" {
			list = append(list, ref.Relative())
		}
	}
	return list
}

// related finds in a RequestGroup the Tasks that have to be over before one may begin: what its actions, or those around them, come after.
func related(group *fhir.Resource, task string) []string {
	all := make(map[string]*node)
	var path []*node
	var walk func(e fhir.Element, above []*node)
	walk = func(e fhir.Element, above []*node) {
		for action := range e.Each("action") {
			n := &node{id: action.Get("id").Text(), element: action}
			way := append(above[:len(above):len(above)], n)
			if n.id == "" {
				n.id = action.Path()
			}
			all[n.id] = n
			if ref := fhir.ParseReference(action.Get("resource").Get("reference").Text()); ref.Type == "Task" {
				for _, up := range way {
					up.tasks = append(up.tasks, ref.Relative())
				}
				if ref.Relative() == task {
					path = way
				}
			}
			walk(action, way)
		}
	}
	walk(group.Root(), nil)
	var found []string
	for _, n := range path {
		for rel := range n.element.Each("relatedAction") {
			how := rel.Get("relationship").Text()
			if other := all[rel.Get("actionId").Text()]; other != nil && (how == "after" || how == "after-end") {
				found = append(found, other.tasks...)
			}
		}
		for _, other := range all {
			for rel := range other.element.Each("relatedAction") {
				how := rel.Get("relationship").Text()
				if rel.Get("actionId").Text() == n.id && (how == "before" || how == "before-start") {
					found = append(found, other.tasks...)
				}
			}
		}
	}
	return found
}

// node is an action of a RequestGroup.
type node struct {
	id      string
	element fhir.Element
	tasks   []string // of it and of what is in it
}

// label is what a step is called, in an error: its code, never words that may be about a patient.
func label(r *fhir.Resource) string {
	for coding := range r.Root().Get("code").Each("coding") {
		if code := coding.Get("code").Text(); code != "" && !strings.ContainsAny(code, " \t\n") {
			return r.Reference() + " (" + code + ")"
		}
	}
	return r.Reference()
}
