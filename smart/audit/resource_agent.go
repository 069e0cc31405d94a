package audit

import (
	"net/netip"
	"strings"

	"andiron.dev/fhir"
)

// writeAgents writes who took part: the client, the server, and the user if there is one; and what observed it, the server.
//
// In BALP a read flows from the server, and everything else from the client.
func (r *resources) writeAgents(w *fhir.Writer) {
	e := r.event
	client, server := coding{dcm, "110153", "Source Role ID"}, coding{dcm, "110152", "Destination Role ID"}
	if e.Kind == Export || e.Kind == Rest && actionOf(e) == "R" {
		client, server = coding{dcm, "110152", "Destination Role ID"}, coding{dcm, "110153", "Source Role ID"}
	}
	user := strings.HasPrefix(e.Subject, "user:")
	w.Name("agent").Array()
	e.writeClient(w, client, !user)
	name := r.trail.name
	w.Object()
	writeTypes(w, server)
	w.Name("who").Object().Name("identifier").Object().Name("value").String(name).EndObject().Name("display").String("Andiron").EndObject()
	w.Name("requestor").Bool(false)
	w.Name("network").Object().Name("address").String(name).Name("type").String(map[bool]string{true: "5", false: "1"}[r.trail.isURL]).EndObject().EndObject()
	if user {
		e.writeUser(w)
	}
	w.EndArray()
	w.Name("source").Object().Name("observer").Object().Name("identifier").Object().Name("value").String(name).EndObject().Name("display").String("Andiron").EndObject()
	w.Name("type").Array()
	coding{sourceTypes, "4", "Application Server"}.write(w)
	w.EndArray().EndObject()
}

func writeTypes(w *fhir.Writer, types ...coding) {
	w.Name("type").Object().Name("coding").Array()
	for _, c := range types {
		c.write(w)
	}
	w.EndArray().EndObject()
}

// writeClient writes the program that made the request. Where no user is behind it, it acts for itself.
func (e *Event) writeClient(w *fhir.Writer, role coding, requestor bool) {
	w.Object()
	writeTypes(w, role)
	who := e.ClientID
	if who == "" {
		_, who, _ = strings.Cut(e.Subject, ":")
		if !requestor || who == "" {
			who = "unknown"
		}
	}
	w.Name("who").Object()
	if ref := e.whoReference(); requestor && ref != "" {
		w.Name("reference").String(ref)
	}
	w.Name("identifier").Object().Name("value").String(who).EndObject().EndObject()
	if requestor {
		e.writeSelf(w)
	} else {
		w.Name("requestor").Bool(false)
	}
	if e.Address != "" {
		typ := "1"
		if _, err := netip.ParseAddr(e.Address); err == nil {
			typ = "2"
		}
		w.Name("network").Object().Name("address").String(e.Address).Name("type").String(typ).EndObject()
	}
	if requestor {
		e.writePurposes(w)
	}
	w.EndObject()
}

// writeUser writes the person who used the client.
func (e *Event) writeUser(w *fhir.Writer) {
	role := coding{participations, "IRCP", "information recipient"}
	switch fhir.Interaction(e.Subtype) {
	case fhir.Create, fhir.Update, fhir.Patch, fhir.Delete, fhir.Transaction:
		role = coding{participations, "AUT", "author (originator)"}
	}
	w.Object()
	if e.TokenID != "" {
		writeTypes(w, role, coding{balpUserTypes, "UserOauthAgent", ""})
	} else {
		writeTypes(w, role)
	}
	_, id, _ := strings.Cut(e.Subject, ":")
	w.Name("who").Object()
	if ref := e.whoReference(); ref != "" {
		w.Name("reference").String(ref)
	}
	w.Name("identifier").Object()
	if e.Issuer != "" {
		w.Name("system").String(e.Issuer)
	}
	w.Name("value").String(id).EndObject()
	if e.Name != "" {
		w.Name("display").String(e.Name)
	}
	w.EndObject()
	e.writeSelf(w)
	e.writePurposes(w)
	w.EndObject()
}

// writeSelf writes what is known of whoever acts: the name of their account, their roles, and the token.
func (e *Event) writeSelf(w *fhir.Writer) {
	if len(e.Roles) > 0 {
		w.Name("role").Array()
		for _, role := range e.Roles {
			w.Object().Name("coding").Array()
			coding{ownRoles, role, ""}.write(w)
			w.EndArray().EndObject()
		}
		w.EndArray()
	}
	if e.Subject != "" {
		w.Name("altId").String(e.Subject)
	}
	if e.Name != "" {
		w.Name("name").String(e.Name)
	}
	w.Name("requestor").Bool(true)
	if e.TokenID != "" && !strings.ContainsAny(e.TokenID, " \t\n") {
		w.Name("policy").Array().String(e.TokenID).EndArray()
	}
}

// whoReference is the resource that the user is in the records, of a type that an agent may be; "" = none.
func (e *Event) whoReference() string {
	switch ref := fhir.ParseReference(e.FhirUser); ref.Type {
	case "Practitioner", "PractitionerRole", "Organization", "Device", "Patient", "RelatedPerson":
		return e.FhirUser
	}
	return ""
}

func (e *Event) writePurposes(w *fhir.Writer) {
	if e.Purpose != "" {
		w.Name("purposeOfUse")
		e.writePurpose(w)
	}
}

func (e *Event) writePurpose(w *fhir.Writer) {
	w.Array().Object().Name("coding").Array()
	coding{actReasons, e.Purpose, ""}.write(w)
	w.EndArray().EndObject().EndArray()
}
