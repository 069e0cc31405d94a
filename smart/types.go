package smart

// The groups of resource types that rules speak of. What is in none of them is open to whom "*" is, and to nobody else.

// shared are the types whose resources are about no patient: whoever has a scope for them may read them
// (the list of security.md §4.3, and the types of terminology and conformance).
func shared() []string {
	return []string{
		"Practitioner", "PractitionerRole", "Organization", "OrganizationAffiliation", "Location", "HealthcareService", "Medication", "MedicationKnowledge",
		"CodeSystem", "ValueSet", "ConceptMap", "NamingSystem",
		"StructureDefinition", "StructureMap", "SearchParameter", "OperationDefinition", "CompartmentDefinition", "CapabilityStatement",
		"TerminologyCapabilities", "ImplementationGuide", "GraphDefinition", "MessageDefinition", "ExampleScenario",
		"Questionnaire", "ActivityDefinition", "PlanDefinition", "Measure", "Library", "EventDefinition", "ObservationDefinition", "SpecimenDefinition",
		"ChargeItemDefinition", "DeviceDefinition", "SubstanceSpecification",
	}
}

func person() []string { return []string{"Patient", "RelatedPerson", "Person"} }

// clinical are the types of the record. Consent is read with them, and written by others.
func clinical() []string {
	return append(coded(), "AdverseEvent", "AllergyIntolerance", "Basic", "Binary", "BodyStructure", "CarePlan", "CareTeam", "ClinicalImpression", "Communication",
		"CommunicationRequest", "Composition", "DetectedIssue", "DeviceRequest", "DiagnosticReport", "DocumentManifest", "DocumentReference",
		"FamilyMemberHistory", "Flag", "Goal", "Group", "GuidanceResponse", "ImagingStudy", "ImmunizationEvaluation", "ImmunizationRecommendation", "List",
		"Media", "MedicationRequest", "MedicationStatement", "MolecularSequence", "NutritionOrder", "Observation", "QuestionnaireResponse", "RequestGroup",
		"RiskAssessment", "Specimen", "Task", "VisionPrescription")
}

// coded are those of the record that say what was done and why in codes, without notes: what is needed for billing.
func coded() []string {
	return []string{"Condition", "DeviceUseStatement", "Encounter", "EpisodeOfCare", "Immunization", "MedicationAdministration", "MedicationDispense", "Procedure", "ServiceRequest"}
}

func scheduling() []string {
	return []string{"Appointment", "AppointmentResponse", "Schedule", "Slot"}
}

func finance() []string {
	return []string{
		"Account", "ChargeItem", "Claim", "ClaimResponse", "Contract", "Coverage", "CoverageEligibilityRequest", "CoverageEligibilityResponse", "EnrollmentRequest",
		"EnrollmentResponse", "ExplanationOfBenefit", "InsurancePlan", "Invoice", "PaymentNotice", "PaymentReconciliation",
	}
}

func stock() []string {
	return []string{"Device", "DeviceMetric", "Substance", "SupplyDelivery", "SupplyRequest"}
}
