package fhir

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// operation is an operation with the code that carries it out.
type operation struct {
	*OperationDefinition
	handler Handler
}

// Operation enters an operation: the JSON text of its OperationDefinition, and what carries it out. The handler gets requests
// that are as the definition has it, with their parameters in Request.Input. It fails for a definition that cannot be read, and
// for an operation that is there already at a level and for a type.
func (r *Registry) Operation(definition string, h HandlerFunc) error {
	d, err := ParseOperationDefinition(definition)
	if err != nil {
		return fmt.Errorf("operation: %w", err)
	}
	for _, other := range r.operations {
		if other.Resource.ID() == d.Resource.ID() {
			return fmt.Errorf("there are two OperationDefinitions with the id %s", d.Resource.ID())
		}
		shared := slices.ContainsFunc(d.Types, other.For) || slices.ContainsFunc(other.Types, d.For)
		if other.Code == d.Code && (other.System && d.System || shared && (other.Type && d.Type || other.Instance && d.Instance)) {
			return fmt.Errorf("the operation %s is entered twice", d.Code)
		}
	}
	r.operations = append(r.operations, operation{d, h})
	return nil
}

// Define enters an operation whose OperationDefinition is the file definitions/NAME.json. Errors: as of Operation, and where there is no such file.
func (r *Registry) Define(files fs.FS, name string, h HandlerFunc) error {
	text, err := fs.ReadFile(files, "definitions/"+name+".json")
	if err != nil {
		return err
	}
	if err := r.Operation(string(text), h); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Operations lists the operations in the order in which they were entered.
func (r *Registry) Operations() []*OperationDefinition {
	list := make([]*OperationDefinition, len(r.operations))
	for i, o := range r.operations {
		list[i] = o.OperationDefinition
	}
	return list
}

// FindOperation finds what a request for an operation asks for. Errors are NotSupported: for an operation that there is not, or
// not there (HTTP 404), and for one that changes something and is called by GET (405).
func (r *Registry) FindOperation(req *Request) (*OperationDefinition, Handler, error) {
	var elsewhere []string
	for _, o := range r.operations {
		switch {
		case o.Code != req.Operation:
		case !o.at(req):
			elsewhere = append(elsewhere, o.levels())
		case o.AffectsState && req.Safe:
			no := NewOutcome(NotSupported, "the operation changes something, so it must be called by POST")
			no.Refinement, no.Allow = MethodNotAllowed, []string{"POST", "OPTIONS"}
			return nil, nil, no
		default:
			return o.OperationDefinition, o.handler, nil
		}
	}
	text := "the server has no operation of this name"
	if len(elsewhere) > 0 {
		text = "the operation cannot be called here, but at " + strings.Join(elsewhere, ", ")
	}
	o := NewOutcome(NotSupported, text)
	o.Refinement = NoSuchOperation
	return nil, nil, o
}
