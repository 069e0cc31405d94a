package interaction

import (
	"fmt"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// input reads what an operation is called with.
type input struct {
	x        *Interactions
	d        *fhir.OperationDefinition
	lenient  bool         // what the operation does not know is ignored
	warnings []fhir.Issue // and told
}

// read gathers the parameters of the URL and the body, and checks them. What is left of the URL comes back: search parameters,
// for an operation that takes them.
func (i *input) read(req *fhir.Request) (in fhir.Parameters, rest fhir.Params, err error) {
	if in, err = i.x.bodyInput(i.d, req.Resource); err != nil {
		return nil, nil, err
	}
	for _, param := range req.Params {
		p := i.d.In(param.Name)
		switch {
		case p != nil:
			value, err := i.x.urlInput(p, param.Value)
			if err != nil {
				return nil, nil, err
			}
			in = append(in, value)
		case i.d.Searches:
			rest = append(rest, param)
		case isGeneral(param.Name): // page links of an operation among them
			rest = append(rest, param)
		default:
			if err := i.unknown(fmt.Sprintf("the operation has no parameter '%s'", param.Name)); err != nil {
				return nil, nil, err
			}
		}
	}
	in, err = i.check(in, i.d.Parameters, "", "Parameters.parameter")
	return in, rest, err
}

// isGeneral reports whether a parameter is not the operation's: one of http://hl7.org/fhir/R4/http.html#parameters, or what gets into URLs on
// the way, such as "_".
func isGeneral(name string) bool { return strings.HasPrefix(name, "_") }

// bodyInput reads the body: Parameters, or the resource itself where the operation has one parameter that is a resource.
func (x *Interactions) bodyInput(d *fhir.OperationDefinition, body *fhir.Resource) (fhir.Parameters, error) {
	if body == nil {
		return nil, nil
	}
	check := x.Gate.Check
	if d.Unchecked {
		check = func(fhir.Element) *fhir.Outcome { return nil }
		if body.Type() == "Parameters" {
			check = x.Gate.CheckEnvelope
		}
	}
	if o := check(body.Root()); o != nil {
		return nil, o
	}
	if body.Type() == "Parameters" {
		return fhir.ParametersOf(body.Root()), nil
	}
	var name string
	for _, p := range d.Parameters {
		if typ := x.Spec.Type(p.Type); !p.Out && (p.Type == "Any" || typ != nil && typ.Kind == r4.Resource) {
			if name != "" {
				name = ""
				break
			}
			name = p.Name
		}
	}
	if name == "" {
		return nil, fhir.NewOutcome(fhir.Invalid, "the body must be a Parameters resource", body.Type())
	}
	return fhir.Parameters{{Name: name, Type: body.Type(), Value: body.Root()}}, nil
}

// urlInput reads a value of the URL. It must be of a primitive type.
func (x *Interactions) urlInput(p *fhir.OperationParameter, text string) (fhir.Parameter, error) {
	if p.Type == "Reference" {
		return literal(fhir.Parameter{Name: p.Name, Type: "uri"}, text)
	}
	typ := x.Spec.Type(p.Type)
	if typ == nil || typ.Kind != r4.Primitive {
		return fhir.Parameter{}, fhir.Errorf(fhir.Invalid, "the parameter '%s' is not of a primitive type, so it must be sent in the body, as a Parameters resource", p.Name)
	}
	w := fhir.NewWriter(64)
	w.Object().Name("resourceType").String("Parameters").Name("parameter").Array().Object().Name("name").String(p.Name)
	w.Name("value" + strings.ToUpper(p.Type[:1]) + p.Type[1:])
	switch p.Type {
	case "boolean", "integer", "decimal", "unsignedInt", "positiveInt":
		if text == "" || strings.Trim(text, "0123456789+-.eEtrufals") != "" { // it must not become more than one value
			return fhir.Parameter{}, fhir.Errorf(fhir.Value, "the value of '%s' is not a value of type %s", p.Name, p.Type)
		}
		w.Raw(text)
	default:
		w.String(text)
	}
	w.EndObject().EndArray().EndObject()
	root, err := fhir.Parse(string(w.Take()), fhir.DefaultLimits())
	if err != nil || x.Gate.Check(root) != nil {
		return fhir.Parameter{}, fhir.Errorf(fhir.Value, "the value of '%s' is not a value of type %s", p.Name, p.Type)
	}
	in := fhir.ParametersOf(root)
	if len(in) != 1 || in[0].Type != p.Type {
		return fhir.Parameter{}, fhir.Errorf(fhir.Value, "the value of '%s' is not a value of type %s", p.Name, p.Type)
	}
	return in[0], nil
}

// check compares parameters with what the definition says: names, types, how many there are, and the same of their parts.
func (i *input) check(in fhir.Parameters, defined []fhir.OperationParameter, path, where string) (known fhir.Parameters, err error) {
	counts := make(map[string]int)
	for n, p := range in {
		at := fmt.Sprintf("%s[%d]", where, n)
		k := slices.IndexFunc(defined, func(d fhir.OperationParameter) bool { return !d.Out && d.Name == p.Name })
		if k < 0 {
			if !isGeneral(p.Name) || path != "" {
				if err := i.unknown("the operation has no parameter of a name that the request has", at+".name"); err != nil {
					return nil, err
				}
			}
			continue
		}
		d := &defined[k]
		counts[p.Name]++
		if d.Type == "Reference" && (p.Type == "uri" || p.Type == "url" || p.Type == "string") {
			if p, err = literal(p, p.Value.Text()); err != nil {
				return nil, err
			}
		}
		if !i.x.fits(p.Type, d.Type) {
			return nil, fhir.NewOutcome(fhir.Value, fmt.Sprintf("the parameter '%s' must be of type %s", path+p.Name, d.Type), at)
		}
		if p.Parts, err = i.check(p.Parts, d.Parts, path+p.Name+".", at+".part"); err != nil {
			return nil, err
		}
		known = append(known, p)
	}
	for _, d := range defined {
		switch n := counts[d.Name]; {
		case d.Out:
		case n < d.Min:
			o := fhir.NewOutcome(fhir.Required, fmt.Sprintf("the operation needs the parameter '%s'", path+d.Name), where)
			o.Issues[0].Detail = "parameter-missing"
			return nil, o
		case d.Max >= 0 && n > d.Max:
			return nil, fhir.Errorf(fhir.Invalid, "the parameter '%s' is there %d times; at most %d are accepted", path+d.Name, n, d.Max)
		}
	}
	return known, nil
}

// unknown is what is made of a parameter that the operation does not have.
func (i *input) unknown(text string, expression ...string) error {
	o := fhir.NewOutcome(fhir.Invalid, text, expression...)
	o.Issues[0].Detail = "parameter-unknown"
	if !i.lenient {
		return o
	}
	o.Issues[0].Severity, o.Issues[0].Text = fhir.Warning, text+"; it was ignored"
	i.warnings = append(i.warnings, o.Issues...)
	return nil
}

// literal is a Reference that is given by its text alone: in a URL, or as a uri.
func literal(p fhir.Parameter, text string) (fhir.Parameter, error) {
	w := fhir.NewWriter(64)
	w.Object().Name("reference").String(text).EndObject()
	value, err := fhir.Parse(string(w.Take()), fhir.DefaultLimits())
	p.Type, p.Value = "Reference", value
	return p, err
}

// fits reports whether a value of a type is one of the type that the definition has.
func (x *Interactions) fits(typ, defined string) bool {
	if typ == defined || defined == "Any" && typ != "" {
		return true
	}
	if defined == "dateTime" && (typ == "date" || typ == "instant") { // both are written as one
		return true
	}
	t := x.Spec.Type(typ)
	return t != nil && t.Is(defined)
}
