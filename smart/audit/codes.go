package audit

import "andiron.dev/fhir"

// The code systems that AuditEvents are written in.
const (
	dcm            = "http://dicom.nema.org/resources/ontology/DCM"
	restful        = "http://hl7.org/fhir/restful-interaction"
	eventTypes     = "http://terminology.hl7.org/CodeSystem/audit-event-type"
	entityTypes    = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
	objectRoles    = "http://terminology.hl7.org/CodeSystem/object-role"
	lifecycles     = "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle"
	sourceTypes    = "http://terminology.hl7.org/CodeSystem/security-source-type"
	participations = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	actReasons     = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
	recordEvents   = "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle"

	balp            = "https://profiles.ihe.net/ITI/BALP/"
	balpEntityTypes = balp + "CodeSystem/BasicAuditEntityType"
	balpUserTypes   = balp + "CodeSystem/UserAgentTypes"
	balpSubtypes    = balp + "CodeSystem/AuthZsubType"
	balpProfile     = balp + "StructureDefinition/IHE.BasicAudit."

	ownSubtypes   = fhir.CanonicalBase + "/CodeSystem/audit-subtype"
	ownOperations = fhir.CanonicalBase + "/CodeSystem/operation"
	ownRoles      = fhir.CanonicalBase + "/CodeSystem/role"
)

// coding is a Coding.
type coding struct{ system, code, display string }

func (c coding) write(w *fhir.Writer) {
	w.Object().Name("system").String(c.system).Name("code").String(c.code)
	if c.display != "" {
		w.Name("display").String(c.display)
	}
	w.EndObject()
}

// typeOf is AuditEvent.type.
func typeOf(k Kind) coding {
	switch k {
	case Rest:
		return coding{eventTypes, "rest", "RESTful Operation"}
	case Login, Logout, Token:
		return coding{dcm, "110114", "User Authentication"}
	case Export:
		return coding{dcm, "110106", "Export"}
	}
	return coding{dcm, "110113", "Security Alert"}
}

// subtypesOf are AuditEvent.subtype: what the standards have, and our own word for it.
func subtypesOf(e *Event) (list []coding) {
	own := coding{ownSubtypes, e.Subtype, ""}
	switch e.Kind {
	case Rest:
		list = []coding{{restful, e.Subtype, e.Subtype}}
		if own = (coding{ownOperations, e.Operation, ""}); e.Operation != "" {
			list = append(list, own)
		}
		if iti := transactionOf(e); iti != "" {
			list = append(list, coding{iheEvents, iti, ""})
		}
		return list
	case Login:
		list = []coding{{dcm, "110122", "Login"}}
	case Logout:
		list = []coding{{dcm, "110123", "Logout"}}
	case Consent:
		list = []coding{{balpSubtypes, "AuthZ-Consent", ""}}
	case Admin:
		list = []coding{{dcm, "110129", "Security Configuration"}}
	case Export:
		list = []coding{{recordEvents, "disclose", "Disclose Record Lifecycle Event"}}
	case BreakGlass:
		list = []coding{{dcm, "110127", "Emergency Override Started"}}
		if e.Subtype == "stop" {
			list = []coding{{dcm, "110138", "Emergency Override Stopped"}}
		}
	}
	if e.Subtype != "" {
		list = append(list, own)
	}
	return list
}

// actionOf is AuditEvent.action.
func actionOf(e *Event) string {
	if e.Kind == Export {
		return "R"
	}
	if e.Kind != Rest {
		return "E"
	}
	switch fhir.Interaction(e.Subtype) {
	case fhir.Create, fhir.Update, fhir.Patch, fhir.Delete:
		if len(e.Writes) == 1 { // an update may have created what it wrote
			return letterOf(e.Writes[0].Method)
		}
		return letterOf(fhir.Interaction(e.Subtype))
	case fhir.Read, fhir.VRead, fhir.HistoryInstance, fhir.HistoryType, fhir.HistorySystem:
		return "R"
	}
	return "E"
}

func letterOf(method fhir.Interaction) string {
	switch method {
	case fhir.Create:
		return "C"
	case fhir.Delete:
		return "D"
	}
	return "U"
}

// lifecycleOf is AuditEvent.entity.lifecycle of something written.
func lifecycleOf(method fhir.Interaction) coding {
	switch method {
	case fhir.Create:
		return coding{lifecycles, "1", "Origination / Creation"}
	case fhir.Delete:
		return coding{lifecycles, "14", "Logical deletion"}
	}
	return coding{lifecycles, "3", "Amendment"}
}

// profileOf is the profile of IHE BALP that an AuditEvent conforms to; "" where there is none for it. They are all for success.
func profileOf(e *Event, hasPatient bool) string {
	if e.Outcome != 0 || e.Kind != Rest || e.Address == "" || e.ClientID == "" {
		return ""
	}
	name := ""
	switch fhir.Interaction(e.Subtype) {
	case fhir.Read, fhir.VRead:
		name = "Read"
	case fhir.SearchType, fhir.SearchSystem:
		name = "Query"
	case fhir.Create, fhir.Update, fhir.Delete:
		if len(e.Writes) != 1 || e.Writes[0].Method != fhir.Interaction(e.Subtype) {
			return ""
		}
		name = map[fhir.Interaction]string{fhir.Create: "Create", fhir.Update: "Update", fhir.Delete: "Delete"}[fhir.Interaction(e.Subtype)]
	default:
		return ""
	}
	if hasPatient {
		name = "Patient" + name
	}
	return balpProfile + name
}
