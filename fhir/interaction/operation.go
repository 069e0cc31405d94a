package interaction

import (
	"context"
	"embed"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// definitions are the OperationDefinitions of the operations that every server has.
//
//go:embed definitions/*.json
var definitions embed.FS

// operations enters the operations that every server has.
func (x *Interactions) operations(r *fhir.Registry) error {
	x.registry = r
	r.Handle(fhir.Operation, x.operation)
	list := map[string]fhir.HandlerFunc{"explain": x.explain}
	if _, ok := x.Store.(fhir.Indexer); ok {
		list["reindex"], list["reindex-status"] = x.reindex, x.reindexStatus
	}
	for _, code := range []string{"explain", "reindex", "reindex-status"} {
		if list[code] == nil {
			continue
		}
		text, err := definitions.ReadFile("definitions/" + code + ".json")
		if err != nil {
			return err
		}
		if err := r.Operation(string(text), list[code]); err != nil {
			return err
		}
	}
	return nil
}

// operation is http://hl7.org/fhir/R4/operations.html#executing: it finds the operation that the request names and hands it
// the parameters, which are by then what the definition says they are.
func (x *Interactions) operation(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
	d, h, err := x.registry.FindOperation(req)
	if err != nil {
		return nil, err
	}
	if req.Tx != nil && d.AffectsState {
		return nil, fhir.NewOutcome(fhir.NotSupported, "an operation that changes something cannot be part of a transaction so far")
	}
	called := *req
	if called.Input, called.Params, err = x.input(d, req); err != nil {
		return nil, err
	}
	return h.Serve(ctx, &called)
}

// input gathers the parameters of the URL and the body, and checks them. What is left of the URL comes back: search parameters,
// for an operation that takes them.
func (x *Interactions) input(d *fhir.OperationDefinition, req *fhir.Request) (in fhir.Parameters, rest fhir.Params, err error) {
	if in, err = x.bodyInput(d, req.Resource); err != nil {
		return nil, nil, err
	}
	for _, param := range req.Params {
		p := d.In(param.Name)
		switch {
		case p != nil:
			value, err := x.urlInput(p, param.Value)
			if err != nil {
				return nil, nil, err
			}
			in = append(in, value)
		case d.Searches:
			rest = append(rest, param)
		case !isGeneral(param.Name):
			return nil, nil, fhir.Errorf(fhir.Invalid, "the operation has no parameter '%s'", param.Name)
		}
	}
	return in, rest, x.checkInput(in, d.Parameters, "")
}

// isGeneral reports whether a parameter is one of http://hl7.org/fhir/R4/http.html#parameters, which are not the operation's.
func isGeneral(name string) bool {
	return slices.Contains([]string{"_format", "_pretty", "_summary", "_elements"}, name)
}

// bodyInput reads the body: Parameters, or the resource itself where the operation has one parameter that is a resource.
func (x *Interactions) bodyInput(d *fhir.OperationDefinition, body *fhir.Resource) (fhir.Parameters, error) {
	if body == nil {
		return nil, nil
	}
	if o := x.Gate.Check(body.Root()); o != nil {
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

// checkInput compares parameters with what the definition says: names, types, how many there are, and the same of their parts.
func (x *Interactions) checkInput(in fhir.Parameters, defined []fhir.OperationParameter, path string) error {
	counts := make(map[string]int)
	for _, p := range in {
		i := slices.IndexFunc(defined, func(d fhir.OperationParameter) bool { return !d.Out && d.Name == p.Name })
		if i < 0 {
			return fhir.NewOutcome(fhir.Invalid, "the operation has no parameter of a name that the request has", "Parameters.parameter")
		}
		d := &defined[i]
		counts[p.Name]++
		if !x.fits(p.Type, d.Type) {
			return fhir.Errorf(fhir.Value, "the parameter '%s' must be of type %s", path+p.Name, d.Type)
		}
		if err := x.checkInput(p.Parts, d.Parts, path+p.Name+"."); err != nil {
			return err
		}
	}
	for _, d := range defined {
		switch n := counts[d.Name]; {
		case d.Out:
		case n < d.Min:
			return fhir.Errorf(fhir.Required, "the operation needs the parameter '%s'", path+d.Name)
		case d.Max >= 0 && n > d.Max:
			return fhir.Errorf(fhir.Invalid, "the parameter '%s' is there %d times; at most %d are accepted", path+d.Name, n, d.Max)
		}
	}
	return nil
}

// fits reports whether a value of a type is one of the type that the definition has.
func (x *Interactions) fits(typ, defined string) bool {
	if typ == defined || defined == "Any" && typ != "" {
		return true
	}
	t := x.Spec.Type(typ)
	return t != nil && t.Is(defined)
}

// Definitions is middleware: the OperationDefinitions of the server's own operations can be read under their ids, so that what
// the CapabilityStatement names can be resolved. They are part of the program, so nobody can write over them.
func (x *Interactions) Definitions(next fhir.Handler) fhir.Handler {
	return fhir.HandlerFunc(func(ctx context.Context, req *fhir.Request) (*fhir.Response, error) {
		if req.Type != "OperationDefinition" || req.ID == "" || x.registry == nil {
			return next.Serve(ctx, req)
		}
		for _, d := range x.registry.Operations() {
			if d.Resource.ID() != req.ID {
				continue
			}
			if req.Interaction == fhir.Read {
				url := d.Resource.Root().Get("url").Path()
				return &fhir.Response{Resource: fhir.Render(d.Resource.Root(), d.Resource.Type(), d.Resource.ID(), func(e fhir.Element) (string, bool) {
					return d.URL(req.Base), e.Path() == url
				})}, nil
			}
			return nil, fhir.NewOutcome(fhir.BusinessRule, "this OperationDefinition is part of the server; it can be read and nothing else")
		}
		return next.Serve(ctx, req)
	})
}
