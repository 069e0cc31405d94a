package core

import (
	"andiron.dev/fhir"
	"andiron.dev/search"
)

// careDate is the search parameter that tells when the care was that a resource is about; "" for what has no such date, like a Coverage.
func careDate(typ string) string {
	switch typ {
	case "AllergyIntolerance", "Appointment", "AuditEvent", "CarePlan", "CareTeam", "ClinicalImpression", "Composition", "Consent", "DiagnosticReport",
		"DocumentReference", "Encounter", "EpisodeOfCare", "FamilyMemberHistory", "Flag", "Immunization", "ImmunizationEvaluation",
		"ImmunizationRecommendation", "Invoice", "List", "Observation", "Procedure", "RiskAssessment", "SupplyRequest", "AdverseEvent":
		return "date"
	case "Account", "Task", "MeasureReport":
		return "period"
	case "ChargeItem", "ServiceRequest":
		return "occurrence"
	case "Claim", "ClaimResponse", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "DocumentManifest", "ExplanationOfBenefit", "Media", "PaymentNotice":
		return "created"
	case "CommunicationRequest", "QuestionnaireResponse", "RequestGroup":
		return "authored"
	case "Communication":
		return "sent"
	case "Condition":
		return "onset-date"
	case "DetectedIssue":
		return "identified"
	case "DeviceRequest":
		return "event-date"
	case "Goal":
		return "start-date"
	case "ImagingStudy":
		return "started"
	case "MedicationAdministration":
		return "effective-time"
	case "MedicationDispense":
		return "whenhandedover"
	case "MedicationRequest":
		return "authoredon"
	case "MedicationStatement":
		return "effective"
	case "NutritionOrder":
		return "datetime"
	case "Provenance":
		return "recorded"
	case "Specimen":
		return "collected"
	case "VisionPrescription":
		return "datewritten"
	}
	return ""
}

// dated narrows the search to care that did not end before start, or begin after end. What has no date of care stays.
func (w *walk) dated(q *search.Query) error {
	for i := range q.Parts {
		part := &q.Parts[i]
		code := careDate(part.Type)
		if code == "" || w.m.config.Params.Param(part.Type, code) == nil {
			continue
		}
		for _, bound := range []struct{ prefix, date string }{{"eb", w.asked.Start}, {"sa", w.asked.End}} {
			if bound.date == "" {
				continue
			}
			outside, err := w.m.query(w.req, part.Type, fhir.Param{Name: code, Value: bound.prefix + bound.date})
			if err != nil {
				return err
			}
			part.Where = append(part.Where, &search.Not{Expr: outside.Where})
		}
	}
	return nil
}
