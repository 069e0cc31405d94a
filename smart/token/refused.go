package token

// Refused is why something signed is not accepted, for the log and the audit trail: it holds nothing of what was sent. A client is told
// no more than invalid_client or invalid_token.
type Refused struct{ Reason string }

// Error implements error.
func (r *Refused) Error() string { return "token: refused: " + r.Reason }

func refuse(reason string) error { return &Refused{reason} }
