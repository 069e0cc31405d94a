package encounter

import (
	"slices"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// overrideName is the extension by which an Encounter says what it did not wait for: blocker, reason, who, when.
const overrideName = "discharge-override"

// overrides are the blockers that this version of the Encounter, and none before it, says to go on without.
func (d *draft) overrides() (codes []string, err error) {
	known := 0
	for e := range d.was.root.Each("extension") {
		if e.Get("url").Text() == ours(overrideName) {
			known++
		}
	}
	for e := range d.is.root.Each("extension") {
		if e.Get("url").Text() != ours(overrideName) {
			continue
		}
		if known--; known >= 0 {
			continue
		}
		if part(e, "reason").Get("valueString").Text() == "" {
			return nil, refused(fhir.Required, "override-reason", "whoever goes on without has to say why: the part 'reason'", e.Path())
		}
		codes = append(codes, part(e, "blocker").Get("valueCode").Text())
	}
	return codes, nil
}

// discharged refuses the end of a stay that has to wait, unless whoever may says that it does not. It signs what they say.
func (d *draft) discharged() error {
	blockers, err := d.m.blockers(d.ctx, d.tx, d.is)
	if err != nil {
		return err
	}
	given, err := d.overrides()
	if err != nil {
		return err
	}
	waits, forbidden := &fhir.Outcome{}, &fhir.Outcome{}
	for _, b := range blockers {
		if b.severity != required {
			continue
		}
		issue := fhir.Issue{Severity: fhir.Error, Code: fhir.BusinessRule, Detail: "discharge-blocked", Text: b.code + ": " + b.text, Expression: []string{b.resource}}
		switch allowed := (ruling{roles: b.roles}).allows(d.ctx); {
		case !slices.Contains(given, b.code):
			waits.Issues = append(waits.Issues, issue)
		case !allowed:
			issue.Code, issue.Detail = fhir.Forbidden, "override"
			issue.Text = b.code + ": only " + strings.Join(b.roles, " or ") + " may go on without"
			forbidden.Issues = append(forbidden.Issues, issue)
		}
	}
	switch {
	case len(forbidden.Issues) > 0:
		return forbidden
	case len(waits.Issues) > 0:
		return waits
	case len(given) > 0:
		d.sign(len(given))
	}
	return nil
}

// sign says who has overridden, and when: what a client says of that does not count.
func (d *draft) sign(fresh int) {
	items, _ := d.edit()["extension"].([]any)
	for i := len(items) - 1; i >= 0 && fresh > 0; i-- {
		if e, _ := items[i].(object); e["url"] == ours(overrideName) {
			signed(e, signature(d.ctx), d.now, "blocker", "reason")
			fresh--
		}
	}
}

// signed keeps some parts of an extension, and says who and when.
func signed(e object, who object, now time.Time, keep ...string) {
	var parts []any
	before, _ := e["extension"].([]any)
	for _, p := range before {
		if o, _ := p.(object); o != nil && slices.Contains(keep, asText(o["url"])) {
			parts = append(parts, o)
		}
	}
	e["extension"] = append(parts, object{"url": "who", "valueReference": who}, object{"url": "when", "valueDateTime": instant(now)})
}
