package scheduling

import (
	"encoding/json"
	"strings"

	"andiron.dev/fhir"
)

// cursorParam is the parameter of a page link, as with searches: sealed, since what is looked for says who is treated for what.
const cursorParam = "_cursor"

// cursor is what it holds.
type cursor struct {
	Asked json.RawMessage `json:"q"` // Parameters
	After mark            `json:"p"`
}

func purpose(req *fhir.Request) string { return "appointment-find\x00" + req.Caller }

// followed gives the parameters of a request, and where its page begins (nil = at the beginning). A page link has start and end beside the cursor, because the
// operation needs them.
func (m *Module) followed(req *fhir.Request) (fhir.Parameters, *mark, error) {
	token := req.Params.Get(cursorParam)
	if token == "" {
		return req.Input, nil, nil
	}
	for _, p := range req.Input {
		if p.Name != "start" && p.Name != "end" {
			return nil, nil, fhir.Errorf(fhir.Invalid, "a page link has to be followed as it is: '%s' cannot be added to it", p.Name)
		}
	}
	text, err := m.seal.Open(purpose(req), token)
	if err != nil {
		return nil, nil, err
	}
	var c cursor
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, nil, fhir.Internal(err) // nobody else can have sealed it
	}
	root, err := fhir.Parse(string(c.Asked), fhir.Limits{})
	if err != nil {
		return nil, nil, fhir.Internal(err)
	}
	return fhir.ParametersOf(root), &c.After, nil
}

// next are the links to what comes after a place. Patients who are not registered change nothing in what is found, and are too large for links.
func (m *Module) next(req *fhir.Request, in fhir.Parameters, after mark) ([]fhir.Link, error) {
	w := fhir.NewWriter(512)
	w.Object().Name("resourceType").String("Parameters").Name("parameter").Array()
	for _, p := range in {
		if p.Name == "patient-resource" || p.Name == "coverage" || p.Name == "_offset" || p.Type == "" {
			continue
		}
		w.Object().Name("name").String(p.Name).Name("value" + strings.ToUpper(p.Type[:1]) + p.Type[1:]).Element(p.Value).EndObject()
	}
	w.EndArray().EndObject()
	text, err := json.Marshal(cursor{w.Take(), after})
	if err != nil {
		return nil, fhir.Internal(err)
	}
	token, err := m.seal.Seal(purpose(req), string(text))
	if err != nil {
		return nil, err
	}
	params := fhir.Params{{Name: "start", Value: in.Text("start")}, {Name: "end", Value: in.Text("end")}, {Name: cursorParam, Value: token}}
	for _, p := range req.Params {
		if p.Name == "_format" || p.Name == "_pretty" {
			params = append(params, p)
		}
	}
	return []fhir.Link{{Relation: "next", URL: "Appointment/$find?" + params.Encode()}}, nil
}

// selfLink says what can be said in a URL of what was asked for.
func selfLink(in fhir.Parameters) string {
	var params fhir.Params
	for _, name := range []string{"start", "end", "rank", "_count"} {
		if text := in.Text(name); text != "" {
			params = append(params, fhir.Param{Name: name, Value: text})
		}
	}
	return "Appointment/$find?" + params.Encode()
}
