package answer

// Wrong says what is false about an answer that claims success. A nil *Wrong is a true answer.
type Wrong struct {
	Reason string // the same words for every case of a kind: what reports count
	Detail string // one case: logical ids and URLs, never a name or a date of a patient
}

// Error is the reason with its detail.
func (w *Wrong) Error() string {
	if w.Detail == "" {
		return w.Reason
	}
	return w.Reason + ": " + w.Detail
}
