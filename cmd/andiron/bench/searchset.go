package bench

import (
	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/wire"
)

// expectSearchset checks the answer to a search: in the sample every match, elsewhere that it is a searchset.
func (u *user) expectSearchset(t *tally, resp *wire.Response, q *answer.Query) {
	u.expectBundle(t, resp, "searchset", func(text []byte) (int, *answer.Wrong) { return q.Check(text) })
}

// expectBundle checks a Bundle, in the sample with the check given, elsewhere by its type.
func (u *user) expectBundle(t *tally, resp *wire.Response, typ string, check func([]byte) (int, *answer.Wrong)) {
	full := u.sampled()
	if !full && resp.Encoding != nil {
		return // unpacking costs more than the request
	}
	text := u.text(resp)
	if !full && answer.Has(text, `"type"`, typ) && answer.Has(text, `"resourceType"`, "Bundle") {
		return
	}
	entries, wrong := check(text)
	if u.counts {
		t.inFull(entries)
	}
	u.wrong(t, wrong)
}
