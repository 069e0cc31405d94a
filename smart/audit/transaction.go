package audit

import "strings"

// iheEvents has the transactions of IHE as subtypes.
const iheEvents = "urn:ihe:event-type-code"

// transactionOf is the transaction of IHE that an operation is; "" for one that is none.
func transactionOf(e *Event) string {
	called, _, _ := strings.Cut(e.Query, "?")
	switch called {
	case "Appointment/$find":
		return "ITI-115"
	case "Appointment/$hold":
		return "ITI-116"
	case "Appointment/$book":
		return "ITI-117"
	}
	return ""
}
