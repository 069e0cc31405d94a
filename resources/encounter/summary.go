package encounter

import (
	"strings"
	"time"

	"andiron.dev/fhir"
)

// summarize drafts the discharge summary, unless there is one: what the records know is in it, the rest is for whoever signs it. As a document it
// is had by Composition/[id]/$document.
func (w *work) summarize(stay *fhir.Resource, at time.Time, appointments []*fhir.Resource) error {
	known := false
	err := w.m.find(w.ctx, w.tx, "Composition", fhir.Params{
		{Name: "encounter", Value: stay.Reference()}, {Name: "type", Value: "http://loinc.org|" + dischargeSummary}, {Name: "status", Value: "preliminary,final,amended"},
	}, func(*fhir.Resource) bool {
		known = true
		return false
	})
	if err != nil || known {
		return err
	}
	root := stay.Root()
	o := object{
		"resourceType": "Composition", "status": "preliminary", "type": coded("http://loinc.org", dischargeSummary, "Discharge summary"), "title": "Discharge summary",
		"subject": fhir.Tree(root.Get("subject")), "encounter": reference(stay.Reference()), "date": instant(w.now), "author": list(w.author(root)),
		"event": list(object{"period": object{"end": instant(at)}}),
	}
	if provider := root.Get("serviceProvider"); provider.Exists() {
		o["custodian"] = fhir.Tree(provider)
	}
	sections := list(section("46239-0", "Reason for admission", reasons(root), nil))
	var diagnoses []any
	for d := range root.Each("diagnosis") {
		diagnoses = append(diagnoses, fhir.Tree(d.Get("condition")))
	}
	sections = append(sections, section("11535-2", "Discharge diagnosis", "", diagnoses))
	medication, err := w.athome(stay)
	if err != nil {
		return err
	}
	sections = append(sections, section("10183-2", "Discharge medication", "", medication))
	sections = append(sections, section("8653-8", "Instructions", w.req.Input.Text("instructions"), nil))
	var next []any
	for _, a := range appointments {
		next = append(next, reference(a.Reference()))
	}
	sections = append(sections, section("18776-5", "Follow-up", "", next))
	o["section"] = sections
	_, err = w.create(o)
	return err
}

// author is who the summary is to be signed by: the attending, or else whoever discharges, or the organization.
func (w *work) author(stay fhir.Element) any {
	for p := range stay.Each("participant") {
		for kind := range p.Each("type") {
			if hasCode(kind, "ATND") && p.Get("individual").Exists() {
				return fhir.Tree(p.Get("individual"))
			}
		}
	}
	if who := signature(w.ctx); asText(who["reference"]) != "" {
		return who
	}
	if provider := stay.Get("serviceProvider"); provider.Exists() {
		return fhir.Tree(provider)
	}
	return signature(w.ctx)
}

// athome is the medication that goes on: orders for home, and those of the stay that are to go on.
func (w *work) athome(stay *fhir.Resource) (entries []any, err error) {
	orders, err := w.m.all(w.ctx, w.tx, "MedicationRequest", fhir.Param{Name: "encounter", Value: stay.Reference()}, fhir.Param{Name: "status", Value: "active"})
	for _, order := range orders {
		entries = append(entries, reference(order.Reference()))
	}
	return entries, err
}

// reasons are why the patient was admitted, in words.
func reasons(stay fhir.Element) string {
	var words []string
	for reason := range stay.Each("reasonCode") {
		word := reason.Get("text").Text()
		for coding := range reason.Each("coding") {
			if word == "" {
				word = coding.Get("display").Text()
			}
		}
		if word != "" {
			words = append(words, word)
		}
	}
	return strings.Join(words, "; ")
}

// section is a section of the summary; one without content says so.
func section(code, title, content string, entries []any) object {
	o := object{"title": title, "code": coded("http://loinc.org", code, "")}
	switch {
	case len(entries) > 0:
		o["entry"] = entries
	case content != "":
		o["text"] = object{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><p>` + escaped(content) + `</p></div>`}
	default:
		o["emptyReason"] = coded("http://terminology.hl7.org/CodeSystem/list-empty-reason", "notstarted", "Not Started")
		o["text"] = object{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><p>-</p></div>`}
	}
	return o
}

// escaped is text as XHTML has it.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\n", "<br/>").Replace(strings.ReplaceAll(text, "\r", ""))
}
