package core

import (
	"encoding/json"
	"strconv"
	"strings"

	"andiron.dev/fhir"
)

// link is what the link to the next page holds, sealed: it is bound to where the operation was called and to the caller.
type link struct {
	Asked asked `json:"q"`
	From  place `json:"p"`
}

// cursorParam is the parameter of such a link, as with searches.
const cursorParam = "_cursor"

func (w *walk) purpose() string { return "everything\x00" + w.path + "\x00" + w.req.Caller }

// read reads what is asked for: the parameters, or a link.
func (w *walk) read() error {
	token := w.req.Params.Get(cursorParam)
	if token == "" {
		return w.parameters()
	}
	if len(w.req.Input) > 0 {
		return fhir.NewOutcome(fhir.Invalid, "a page link has to be followed as it is: nothing can be added to it")
	}
	text, err := w.m.seal.Open(w.purpose(), token)
	if err != nil {
		return err
	}
	var l link
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return fhir.Internal(err) // nobody else can have sealed it
	}
	w.asked, w.from, w.followed = l.Asked, l.From, true
	return nil
}

// parameters reads the parameters of the operation. Values of _type may be lists.
func (w *walk) parameters() error {
	in := w.req.Input
	w.asked = asked{Since: in.Text("_since"), Start: in.Text("start"), End: in.Text("end")}
	for _, list := range in.Texts("_type") {
		w.asked.Types = append(w.asked.Types, strings.Split(list, ",")...)
	}
	if count := in.Text("_count"); count != "" {
		n, err := strconv.Atoi(count)
		if err != nil || n < 1 {
			return fhir.NewOutcome(fhir.Value, "the value of '_count' must be 1 or more")
		}
		w.asked.Count = min(n, mostMatches)
	}
	return nil
}

// links are the links of the answer.
func (w *walk) links() ([]fhir.Link, error) {
	self := w.asked.self()
	if w.followed {
		self = fhir.Params{{Name: cursorParam, Value: w.req.Params.Get(cursorParam)}}
	}
	var presentation fhir.Params
	for _, p := range w.req.Params {
		if p.Name == "_format" || p.Name == "_pretty" {
			presentation = append(presentation, p)
		}
	}
	list := []fhir.Link{{Relation: "self", URL: w.at.url(w.path, append(self, presentation...))}}
	if w.at.Done {
		return list, nil
	}
	text, err := json.Marshal(link{w.asked, w.at})
	if err != nil {
		return nil, fhir.Internal(err)
	}
	token, err := w.m.seal.Seal(w.purpose(), string(text))
	if err != nil {
		return nil, err
	}
	next := append(fhir.Params{{Name: cursorParam, Value: token}}, presentation...)
	return append(list, fhir.Link{Relation: "next", URL: w.at.url(w.path, next)}), nil
}

func (place) url(path string, params fhir.Params) string {
	if len(params) == 0 {
		return path
	}
	return path + "?" + params.Encode()
}
