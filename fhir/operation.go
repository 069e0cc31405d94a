package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// OperationDefinition is what an OperationDefinition resource (http://hl7.org/fhir/R4/operationdefinition.html) says of an
// operation. Routing, the check of its parameters and the CapabilityStatement follow from it.
type OperationDefinition struct {
	Resource               *Resource
	Code                   string
	System, Type, Instance bool     // the levels at which it can be called
	Types                  []string // resource types of the type and instance levels; "Resource" and "DomainResource" are all that are
	AffectsState           bool     // it may only be called by POST
	Parameters             []OperationParameter
	// Searches says that it takes search parameters in the URL beside its own: its extension AnySearchParameter.
	Searches bool
	// Unchecked says that a resource that goes in may be wrong, because that is what the operation is asked: its extension UncheckedInput.
	Unchecked bool
	// Alone says that it cannot be part of a transaction, because not all that it does is in one update: its extension StandAlone.
	Alone bool
	// Unproven says that what it writes has no Provenance: its extension NoProvenance.
	Unproven bool
}

// OperationParameter is a parameter of an operation.
type OperationParameter struct {
	Name  string
	Out   bool
	Min   int
	Max   int    // -1 = any number
	Type  string // data type, resource type or "Any"; "" where it has parts
	Parts []OperationParameter
}

// AnySearchParameter is the extension by which an OperationDefinition says that search parameters may stand in the URL.
const AnySearchParameter = CanonicalBase + "/StructureDefinition/any-search-parameter"

// UncheckedInput is the extension by which an OperationDefinition says that the write gate does not look at a resource that goes in.
const UncheckedInput = CanonicalBase + "/StructureDefinition/unchecked-input"

// StandAlone is the extension by which an OperationDefinition says that the operation cannot be part of a transaction.
const StandAlone = CanonicalBase + "/StructureDefinition/stand-alone"

// NoProvenance is the extension by which an OperationDefinition says that no Provenance tells of what the operation writes.
const NoProvenance = CanonicalBase + "/StructureDefinition/no-provenance"

// ParseOperationDefinition reads an OperationDefinition from JSON.
func ParseOperationDefinition(text string) (*OperationDefinition, error) {
	r, err := ParseResource(text, DefaultLimits())
	if err != nil {
		return nil, err
	}
	if r = rehearsable(r); r == nil {
		return nil, NewOutcome(Structure, "the OperationDefinition cannot be read")
	}
	root := r.Root()
	d := &OperationDefinition{
		Resource: r, Code: root.Get("code").Text(), System: root.Get("system").Text() == "true", Type: root.Get("type").Text() == "true",
		Instance: root.Get("instance").Text() == "true", AffectsState: root.Get("affectsState").Text() == "true", Parameters: operationParameters(root, "parameter"),
	}
	for typ := range root.Each("resource") {
		d.Types = append(d.Types, typ.Text())
	}
	for extension := range root.Each("extension") {
		said := extension.Get("valueBoolean").Text() == "true"
		d.Searches = d.Searches || said && extension.Get("url").Text() == AnySearchParameter
		d.Unchecked = d.Unchecked || said && extension.Get("url").Text() == UncheckedInput
		d.Alone = d.Alone || said && extension.Get("url").Text() == StandAlone
		d.Unproven = d.Unproven || said && extension.Get("url").Text() == NoProvenance
	}
	switch {
	case r.Type() != "OperationDefinition" || r.ID() == "" || d.Code == "":
		return nil, fmt.Errorf("%s/%s is not an OperationDefinition with an id and a code", r.Type(), r.ID())
	case !d.System && !d.Type && !d.Instance:
		return nil, fmt.Errorf("the operation %s has no level", d.Code)
	case (d.Type || d.Instance) && len(d.Types) == 0:
		return nil, fmt.Errorf("the operation %s has no resource types", d.Code)
	}
	return d, nil
}

// DryRun is the parameter by which every operation of Andiron's own that changes something can be rehearsed.
const DryRun = "dry-run"

const dryRunParameter = `{"name":"dry-run","use":"in","min":0,"max":"1","documentation":"Carry everything out and take it back: the answer is what it would be, with an issue that says so.","type":"boolean"}`

// rehearsable adds the parameter DryRun to a definition that should have it.
func rehearsable(r *Resource) *Resource {
	root := r.Root()
	if root.Get("affectsState").Text() != "true" || !strings.HasPrefix(root.Get("url").Text(), CanonicalBase) {
		return r
	}
	for p := range root.Each("parameter") {
		if p.Get("name").Text() == DryRun {
			return r
		}
	}
	before, after, found := strings.Cut(r.Body(), `"parameter":[`)
	text := before + `"parameter":[` + dryRunParameter + "," + after
	if !found {
		text = strings.TrimSuffix(r.Body(), "}") + `,"parameter":[` + dryRunParameter + "]}"
	}
	with, err := ParseResource(text, DefaultLimits())
	if err != nil {
		return nil
	}
	return with
}

func operationParameters(e Element, name string) (list []OperationParameter) {
	for item := range e.Each(name) {
		p := OperationParameter{Name: item.Get("name").Text(), Out: item.Get("use").Text() == "out", Type: item.Get("type").Text(), Max: -1, Parts: operationParameters(item, "part")}
		_, _ = fmt.Sscan(item.Get("min").Text(), &p.Min)
		if most := item.Get("max").Text(); most != "*" {
			_, _ = fmt.Sscan(most, &p.Max)
		}
		list = append(list, p)
	}
	return list
}

// URL is the canonical URL of the definition. Those of the server's own operations lie below its base, where they can be read.
func (d *OperationDefinition) URL(base string) string {
	url := d.Resource.Root().Get("url").Text()
	if rest, own := strings.CutPrefix(url, CanonicalBase); own && base != "" {
		return base + rest
	}
	return url
}

// In returns an input parameter by its name, or nil.
func (d *OperationDefinition) In(name string) *OperationParameter {
	i := slices.IndexFunc(d.Parameters, func(p OperationParameter) bool { return !p.Out && p.Name == name })
	if i < 0 {
		return nil
	}
	return &d.Parameters[i]
}

// For reports whether the operation can be called for a resource type.
func (d *OperationDefinition) For(typ string) bool {
	return slices.ContainsFunc(d.Types, func(t string) bool {
		switch t {
		case "Resource":
			return true
		case "DomainResource": // R4 has three resource types that are none
			return typ != "Binary" && typ != "Bundle" && typ != "Parameters"
		}
		return t == typ
	})
}

// at reports whether the operation can be called where a request calls it.
func (d *OperationDefinition) at(req *Request) bool {
	switch {
	case req.Type == "":
		return d.System
	case req.ID == "":
		return d.Type && d.For(req.Type)
	}
	return d.Instance && d.For(req.Type)
}

// levels says where the operation can be called: "[base]/$reindex, [base]/[type]/$reindex".
func (d *OperationDefinition) levels() string {
	typ := "[type]"
	if len(d.Types) == 1 && d.Types[0] != "Resource" && d.Types[0] != "DomainResource" {
		typ = d.Types[0]
	}
	var list []string
	if d.System {
		list = append(list, "[base]/$"+d.Code)
	}
	if d.Type {
		list = append(list, "[base]/"+typ+"/$"+d.Code)
	}
	if d.Instance {
		list = append(list, "[base]/"+typ+"/[id]/$"+d.Code)
	}
	return strings.Join(list, ", ")
}
