package automation

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// operation works out the call of an operation: on the resource that a rule fires for where the operation can be called on such, otherwise
// at the type, otherwise at the system. The dynamic values of the action are its parameters, by their names.
func (s *situation) operation(ctx context.Context, a *action, d *fhir.OperationDefinition) (*operationCall, error) {
	call := &operationCall{definition: d}
	switch {
	case d.Instance && s.resource != nil && s.resource.ID() != "" && d.For(s.resource.Type()):
		call.on = s.resource.Reference()
	case d.Type && s.resource != nil && d.For(s.resource.Type()):
		call.on = s.resource.Type()
	case d.System:
	case d.Type && len(d.Types) > 0 && s.m.config.Spec.IsResource(d.Types[0]):
		call.on = d.Types[0]
	default:
		return nil, fhir.Errorf(fhir.Invalid, "the operation %s cannot be called on what the rule is about", d.Code)
	}
	var params []any
	for value := range a.Each("dynamicValue") {
		name := value.Get("path").Text()
		p := d.In(name)
		if p == nil {
			return nil, fhir.Errorf(fhir.Invalid, "the operation %s has no parameter that a dynamicValue names", d.Code)
		}
		values, err := s.eval(ctx, value.Get("expression"))
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			if e := v.Element(); s.m.config.Spec.IsResource(p.Type) || p.Type == "Any" && e.Get("resourceType").Exists() {
				params = append(params, object{"name": name, "resource": fhir.Tree(e)})
				continue
			}
			typ := s.m.config.Spec.Type(p.Type)
			if typ == nil {
				return nil, fhir.Errorf(fhir.NotSupported, "the parameter '%s' of the operation %s cannot be filled in by a rule", name, d.Code)
			}
			item, err := jsonOf(v, typ)
			if err != nil {
				return nil, err
			}
			params = append(params, object{"name": name, "value" + strings.ToUpper(p.Type[:1]) + p.Type[1:]: item})
		}
	}
	call.input = object{"resourceType": "Parameters"}
	if params != nil {
		call.input["parameter"] = params
	}
	return call, nil
}

// task is the Task by which an operation is called: the call survives the process, is tried again, and can be seen.
func (c *operationCall) task(s *situation, one *step, t *target) object {
	input := c.input
	input["id"] = "parameters"
	o := object{
		"resourceType": "Task", "status": "requested", "intent": "order", "code": coded("task-type", taskCall, "Call an operation"), "authoredOn": instant(s.now),
		"description": "Call $" + c.definition.Code, "contained": list(input),
		"input": append(list(
			object{"type": coded("automation-action", "operation", ""), "valueCanonical": c.definition.URL("")},
			object{"type": coded("automation-action", "on", ""), "valueString": c.on},
			object{"type": coded("automation-action", "parameters", ""), "valueReference": reference("#parameters")},
		), t.inputs...),
	}
	if c.on == "" {
		o["input"] = append(o["input"].([]any)[:1:1], o["input"].([]any)[2:]...)
	}
	if t.subject != "" {
		o["for"] = reference(t.subject)
	}
	if t.focus != "" {
		o["focus"] = reference(t.focus)
	}
	s.instantiates(o, "Task", t.rule, "")
	if !one.due.IsZero() {
		o["executionPeriod"] = object{"start": instant(one.due)}
	}
	return o
}

const recordCall = "automation-call"

// keptFor is how long after it was due a call is known to be the server's own.
const keptFor = 365 * 24 * time.Hour

// keptCall is a call as a rule has made it, beside the Task that shows it: whoever may write Tasks must not have the server call what they like.
type keptCall struct {
	Operation string `json:"operation"`
	On        string `json:"on,omitempty"`
	Input     object `json:"input"`
}

// keepCall keeps the call of a step under the id of its Task.
func (w *writing) keepCall(ctx context.Context, one *step, id string) error {
	if one.call == nil {
		return nil
	}
	until := w.m.config.Now()
	if one.due.After(until) {
		until = one.due
	}
	kept := keptCall{Operation: one.call.definition.URL(""), On: one.call.on, Input: one.call.input}
	return keep(ctx, w.s.tx, recordCall, id, w.rule.resource.ID(), until.Add(keptFor), kept)
}

// callNow writes the Task of a call that is due at once.
func (w *writing) callNow(ctx context.Context, one *step, o object) error {
	id := w.m.config.NewID()
	if err := w.keepCall(ctx, one, id); err != nil {
		return err
	}
	r, err := build(tagged(o))
	if err != nil {
		return err
	}
	return w.write(ctx, one, r.WithID(id), fhir.Create)
}
