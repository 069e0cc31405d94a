package audit

import "andiron.dev/fhir"

// outcomeOf gives the code of http://terminology.hl7.org/CodeSystem/audit-event-outcome for how a request went, and why it failed.
func outcomeOf(err error) (code int, reason string) {
	o := fhir.AsOutcome(err)
	if o == nil {
		return 0, ""
	}
	code = 4
	switch o.Code() {
	case fhir.Transient, fhir.LockError, fhir.Timeout, fhir.Incomplete, fhir.Throttled:
		code = 8
	case fhir.Exception, fhir.NoStore:
		code = 12
	}
	reason = string(o.Code())
	if len(o.Issues) > 0 && o.Issues[0].Text != "" { // texts of outcomes hold no patient data
		reason += ": " + o.Issues[0].Text
	}
	return code, cut(reason, 256)
}

// cut is the beginning of s, whole characters only.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && s[most]&0xC0 == 0x80 {
		most--
	}
	return s[:most] + "…"
}
