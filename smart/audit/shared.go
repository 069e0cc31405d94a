package audit

// shared reports whether resources of a type are about nobody: what defines the specification and the terminology, and what describes the
// hospital. That they are read is not worth an entry.
func shared(typ string) bool {
	switch typ {
	case "ActivityDefinition", "CapabilityStatement", "ChargeItemDefinition", "CodeSystem", "CompartmentDefinition", "ConceptMap", "DeviceDefinition", "EffectEvidenceSynthesis",
		"Endpoint", "EventDefinition", "Evidence", "EvidenceVariable", "ExampleScenario", "GraphDefinition", "HealthcareService", "ImplementationGuide", "InsurancePlan",
		"Library", "Location", "Measure", "Medication", "MedicationKnowledge", "MedicinalProduct", "MedicinalProductAuthorization", "MedicinalProductContraindication",
		"MedicinalProductIndication", "MedicinalProductIngredient", "MedicinalProductInteraction", "MedicinalProductManufactured", "MedicinalProductPackaged",
		"MedicinalProductPharmaceutical", "MedicinalProductUndesirableEffect", "MessageDefinition", "NamingSystem", "ObservationDefinition", "OperationDefinition",
		"Organization", "OrganizationAffiliation", "PlanDefinition", "Practitioner", "PractitionerRole", "Questionnaire", "ResearchDefinition", "ResearchElementDefinition",
		"RiskEvidenceSynthesis", "SearchParameter", "SpecimenDefinition", "StructureDefinition", "StructureMap", "Substance", "SubstanceNucleicAcid", "SubstancePolymer",
		"SubstanceProtein", "SubstanceReferenceInformation", "SubstanceSourceMaterial", "SubstanceSpecification", "TerminologyCapabilities", "TestReport", "TestScript", "ValueSet":
		return true
	}
	return false
}
