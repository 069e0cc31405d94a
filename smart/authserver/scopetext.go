package authserver

import (
	"strings"

	"andiron.dev/smart"
)

// category is a value of the search parameter category that a user can allow instead of a whole type (US Core, granular scopes).
type category struct{ system, code, text string }

const (
	observationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"
	conditionCategory   = "http://terminology.hl7.org/CodeSystem/condition-category"
	usCoreCondition     = "http://hl7.org/fhir/us/core/CodeSystem/condition-category"
	usCoreCategory      = "http://hl7.org/fhir/us/core/CodeSystem/us-core-category"
)

// categories are those of a type that can be allowed one by one.
func categories(typ string) []category {
	switch typ {
	case "Condition":
		return []category{
			{conditionCategory, "encounter-diagnosis", "diagnoses of visits"},
			{conditionCategory, "problem-list-item", "problem list"},
			{usCoreCondition, "health-concern", "health concerns"},
		}
	case "Observation":
		return []category{
			{observationCategory, "laboratory", "laboratory results"},
			{observationCategory, "vital-signs", "vital signs"},
			{observationCategory, "social-history", "social history"},
			{observationCategory, "survey", "questionnaires and surveys"},
			{usCoreCategory, "sdoh", "living conditions"},
			{usCoreCategory, "clinical-test", "clinical tests"},
		}
	}
	return nil
}

// consentRows are the scopes to tick. What can be narrowed to a category comes with the categories, unless those are all that was
// asked for.
func consentRows(list smart.Scopes) []consentRow {
	rows := make([]consentRow, 0, len(list))
	for _, one := range list {
		row := consentRow{Scope: one.Text, Text: plain(&one), Checked: true}
		if one.Kind == smart.ResourceScope {
			if one.Type == "*" {
				row.Warning = "This is all current and future data, of every kind."
			}
			if len(one.Constraints) == 0 {
				for _, c := range categories(one.Type) {
					narrow := string(one.Context) + "/" + one.Type + "." + one.Perms.String() + "?category=" + c.system + "|" + c.code
					row.Within = append(row.Within, consentRow{Scope: narrow, Text: "Only " + c.text})
				}
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// plain says in words what a scope allows.
func plain(s *smart.Scope) string {
	switch s.Kind {
	case smart.ResourceScope:
		return plainResource(s)
	case smart.OperationScope:
		return "Call the operation " + s.Text
	}
	switch s.Text {
	case "openid":
		return "Know which account you use here"
	case "fhirUser":
		return "Know who you are in the records"
	case "profile":
		return "Know your name"
	case "launch":
		return "Know what is open in the record system"
	case "launch/patient":
		return "Know which patient you have chosen"
	case "launch/encounter":
		return "Know which visit is open"
	case "offline_access":
		return "Keep this access while you are not there, until you take it back"
	case "online_access":
		return "Keep this access for as long as you are signed in"
	}
	return "Know what else is open: " + strings.TrimPrefix(s.Text, "launch/")
}

func plainResource(s *smart.Scope) string {
	var acts []string
	for _, one := range []struct {
		perm smart.Perms
		text string
	}{{smart.Read, "see"}, {smart.Search, "search"}, {smart.Create, "add"}, {smart.Update, "change"}, {smart.Delete, "delete"}} {
		if s.Perms&one.perm != 0 {
			acts = append(acts, one.text)
		}
	}
	text := strings.Join(acts, ", ")
	if at := strings.LastIndex(text, ", "); at >= 0 {
		text = text[:at] + " and " + text[at+2:]
	}
	text = strings.ToUpper(text[:1]) + text[1:] + " "
	if s.Type == "*" {
		text += "everything"
	} else {
		text += words(s.Type)
	}
	for i, c := range s.Constraints {
		join := " where "
		if i > 0 {
			join = " and "
		}
		value := c.Value
		if at := strings.LastIndexByte(value, '|'); at >= 0 {
			value = value[at+1:]
		}
		text += join + c.Name + " is " + value
	}
	switch s.Context {
	case smart.PatientContext:
		return text + ", in the record of this patient"
	case smart.UserContext:
		return text + ", as far as you may yourself"
	}
	return text
}

// words writes the name of a type in words: "MedicationRequest" as "medication requests".
func words(typ string) string {
	var b strings.Builder
	for i, c := range typ {
		if c >= 'A' && c <= 'Z' {
			if i > 0 {
				b.WriteByte(' ')
			}
			c += 'a' - 'A'
		}
		b.WriteRune(c)
	}
	text := b.String()
	switch {
	case strings.HasSuffix(text, "y") && !strings.HasSuffix(text, "ay"):
		return text[:len(text)-1] + "ies"
	case strings.HasSuffix(text, "s"):
		return text
	}
	return text + "s"
}
