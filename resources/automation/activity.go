package automation

import (
	"context"
	"time"

	"andiron.dev/fhir"
)

// target is whom and what a definition is applied to.
type target struct {
	subject, encounter string // references; "" = none
	practitioner       string
	organization       string
	focus              string // what a rule has fired for
	rule               string // what the result names as its reason, beside the definition
	proposal           bool   // nobody has decided yet: what $apply gives
	inputs             []any  // Task.input
	setting, userType  any    // CodeableConcepts of $apply
}

// kinds are the resources that an ActivityDefinition can become, with what is particular about each. Times and codes go where the type has
// a place for them.
func (s *situation) kinds() map[string]func(o object, a fhir.Element, t *target) {
	return map[string]func(object, fhir.Element, *target){
		"Task": s.task, "CommunicationRequest": s.communicationRequest, "ServiceRequest": s.serviceRequest, "SupplyRequest": s.supplyRequest,
		"Appointment": s.appointment, "DeviceRequest": s.deviceRequest, "MedicationRequest": s.medicationRequest, "NutritionOrder": s.nutritionOrder, "CarePlan": s.carePlan,
	}
}

// activity applies an ActivityDefinition (http://hl7.org/fhir/R4/activitydefinition-operation-apply.html): it makes a resource of its kind.
// Errors: NotSupported for a kind or a transform that there is no way for; those of the dynamic values.
func (s *situation) activity(ctx context.Context, d *definition, t *target) (object, error) {
	a := d.resource.Root()
	kind := a.Get("kind").Text()
	if kind == "" {
		kind = "Task"
	}
	shape := s.kinds()[kind]
	if shape == nil {
		return nil, fhir.Errorf(fhir.NotSupported, "no %s can be made of an ActivityDefinition here", kind)
	}
	if a.Get("transform").Exists() {
		return nil, fhir.NewOutcome(fhir.NotSupported, "an ActivityDefinition with a transform cannot be applied here", "ActivityDefinition.transform")
	}
	o := object{"resourceType": kind}
	if t.proposal {
		o["status"] = "draft"
	}
	if profile := a.Get("profile").Text(); profile != "" {
		o["meta"] = object{"profile": list(profile)}
	}
	s.general(o, kind, a, t)
	shape(o, a, t)
	s.instantiates(o, kind, t.rule, d.url)
	if err := s.dynamic(ctx, o, a); err != nil {
		return nil, err
	}
	return o, nil
}

// general fills in what requests have in common.
func (s *situation) general(o object, kind string, a fhir.Element, t *target) {
	typ := s.m.config.Spec.Type(kind)
	has := func(name string) bool { return typ.Element(name) != nil }
	if has("intent") {
		intent := a.Get("intent").Text()
		if intent == "" && t.proposal {
			intent = "proposal"
		} else if intent == "" || intent == "directive" {
			intent = "order"
		}
		o["intent"] = intent
	}
	if p := a.Get("priority").Text(); p != "" && kind != "Appointment" {
		o["priority"] = p
	}
	if has("doNotPerform") {
		carry(o, a, "doNotPerform")
	}
	if has("subject") && t.subject != "" {
		o["subject"] = reference(t.subject)
	}
	if has("encounter") && t.encounter != "" {
		o["encounter"] = reference(t.encounter)
	}
	if has("authoredOn") {
		o["authoredOn"] = instant(s.now)
	}
	if has("requester") {
		if t.practitioner != "" {
			o["requester"] = reference(t.practitioner)
		} else if t.organization != "" {
			o["requester"] = reference(t.organization)
		}
	}
	if has("occurrence") {
		choice(o, a, "timing", "occurrence", "DateTime", "Period", "Timing")
	}
}

// instantiates names the rule and the definition that a resource comes from, where its type has a place for that or by the extension for those that have none.
func (s *situation) instantiates(o object, kind, rule, definition string) {
	url := rule
	if url == "" {
		url = definition
	}
	e := s.m.config.Spec.Type(kind).Element("instantiatesCanonical")
	switch {
	case e == nil:
		extensions, _ := o["extension"].([]any)
		o["extension"] = append(extensions, object{"url": "http://hl7.org/fhir/StructureDefinition/workflow-instantiatesCanonical", "valueCanonical": url})
	case e.Max == 1:
		o["instantiatesCanonical"] = url
	case rule != "" && definition != "" && rule != definition:
		o["instantiatesCanonical"] = list(rule, definition)
	default:
		o["instantiatesCanonical"] = list(url)
	}
}

// dynamic sets the dynamic values of a definition or an action.
func (s *situation) dynamic(ctx context.Context, o object, e fhir.Element) error {
	typ, _ := o["resourceType"].(string)
	for value := range e.Each("dynamicValue") {
		segments, err := parsePath(value.Get("path").Text())
		if err != nil {
			return err
		}
		values, err := s.eval(ctx, value.Get("expression"))
		if err != nil {
			return err
		}
		if err := s.m.put(o, s.m.config.Spec.Type(typ), segments, values); err != nil {
			return err
		}
	}
	return nil
}

// instant is a time as FHIR writes it.
func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// text is what an ActivityDefinition says in words.
func text(a fhir.Element) string {
	for _, name := range []string{"description", "title", "name"} {
		if t := a.Get(name).Text(); t != "" {
			return t
		}
	}
	return ""
}

func (s *situation) task(o object, a fhir.Element, t *target) {
	if !t.proposal {
		o["status"] = "requested"
	}
	carry(o, a, "code", "location")
	if d := text(a); d != "" {
		o["description"] = d
	}
	if t.subject != "" {
		o["for"] = reference(t.subject)
	}
	delete(o, "subject")
	if t.focus != "" {
		o["focus"] = reference(t.focus)
	}
	var roles []any
	for p := range a.Each("participant") {
		if role := fhir.Tree(p.Get("role")); role != nil {
			roles = append(roles, role)
		}
	}
	if roles != nil {
		o["performerType"] = roles
	}
	if at := a.Get("timingDateTime").Text(); at != "" {
		o["executionPeriod"] = object{"start": at}
	} else if p := a.Get("timingPeriod"); p.Exists() {
		o["executionPeriod"] = fhir.Tree(p)
	}
	if len(t.inputs) > 0 {
		o["input"] = t.inputs
	}
}

// ordered is the status of a request that is in force.
func ordered(o object, t *target) {
	if !t.proposal {
		o["status"] = "active"
	}
}

func (s *situation) communicationRequest(o object, a fhir.Element, t *target) {
	ordered(o, t)
	carry(o, a, "code:category[]")
	if d := text(a); d != "" {
		o["payload"] = list(object{"contentString": d})
	}
	if t.subject != "" {
		o["recipient"] = list(reference(t.subject))
	}
	if t.focus != "" {
		o["about"] = list(reference(t.focus))
	}
}

func (s *situation) serviceRequest(o object, a fhir.Element, t *target) {
	ordered(o, t)
	carry(o, a, "code", "bodySite[]", "quantity:quantityQuantity")
	if l := fhir.Tree(a.Get("location")); l != nil {
		o["locationReference"] = list(l)
	}
	for p := range a.Each("participant") {
		carry(o, p, "role:performerType")
		break
	}
	s.reason(o, t)
}

// reason says what a request has been made for, where it may be such a thing.
func (s *situation) reason(o object, t *target) {
	if ref := fhir.ParseReference(t.focus); t.focus != "" && (ref.Type == "Condition" || ref.Type == "Observation") {
		o["reasonReference"] = list(reference(t.focus))
	}
}

func (s *situation) supplyRequest(o object, a fhir.Element, t *target) {
	ordered(o, t)
	delete(o, "subject")
	choice(o, a, "product", "item", "Reference", "CodeableConcept")
	if o["itemReference"] == nil && o["itemCodeableConcept"] == nil {
		carry(o, a, "code:itemCodeableConcept")
	} else {
		carry(o, a, "code:category")
	}
	if carry(o, a, "quantity"); o["quantity"] == nil {
		o["quantity"] = object{"value": 1}
	}
	carry(o, a, "location:deliverTo")
}

func (s *situation) appointment(o object, a fhir.Element, t *target) {
	o["status"] = "proposed"
	carry(o, a, "code:serviceType[]")
	if d := text(a); d != "" {
		o["description"] = d
	}
	var participants []any
	add := func(ref string) {
		if ref != "" {
			participants = append(participants, object{"actor": reference(ref), "status": "needs-action"})
		}
	}
	add(t.subject)
	add(t.practitioner)
	if l := a.Get("location").Get("reference").Text(); l != "" {
		add(l)
	}
	o["participant"] = participants
	o["created"] = instant(s.now)
	if p := a.Get("timingPeriod"); p.Exists() {
		o["requestedPeriod"] = list(fhir.Tree(p))
	} else if at := a.Get("timingDateTime").Text(); at != "" {
		o["requestedPeriod"] = list(object{"start": at})
	}
}

func (s *situation) deviceRequest(o object, a fhir.Element, t *target) {
	ordered(o, t)
	choice(o, a, "product", "code", "Reference", "CodeableConcept")
	if o["codeReference"] == nil && o["codeCodeableConcept"] == nil {
		carry(o, a, "code:codeCodeableConcept")
	}
	s.reason(o, t)
}

func (s *situation) medicationRequest(o object, a fhir.Element, t *target) {
	o["status"] = "draft" // a prescription is signed by a prescriber
	choice(o, a, "product", "medication", "Reference", "CodeableConcept")
	if o["medicationReference"] == nil && o["medicationCodeableConcept"] == nil {
		carry(o, a, "code:medicationCodeableConcept")
	}
	carry(o, a, "dosage:dosageInstruction[]")
	s.reason(o, t)
}

func (s *situation) nutritionOrder(o object, a fhir.Element, t *target) {
	ordered(o, t)
	if t.subject != "" {
		o["patient"] = reference(t.subject)
	}
	if t.practitioner != "" {
		o["orderer"] = reference(t.practitioner)
	}
	o["dateTime"] = instant(s.now)
	if a.Get("code").Exists() {
		o["oralDiet"] = object{"type": list(fhir.Tree(a.Get("code")))}
	}
	delete(o, "priority")
}

func (s *situation) carePlan(o object, a fhir.Element, t *target) {
	ordered(o, t)
	carry(o, a, "title", "description", "code:category[]")
	o["created"] = instant(s.now)
	delete(o, "priority")
}
