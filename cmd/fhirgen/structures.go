package main

import (
	"fmt"
	"slices"
	"strings"
)

// A typeModel is a type of fhir/r4: one per StructureDefinition and one per backbone element in it.
type typeModel struct {
	name, kind, base string
	abstract         bool
	elements         []elementModel // all, as the snapshot lists them
	backbones        []*typeModel   // in the order of their elements
	constraints      []constraint   // the type's own
}

// An elementModel is an element; row is how types.tsv spells it.
type elementModel struct {
	name        string // with [x]
	row         []string
	constraints []constraint // of an element that has no type of its own to carry them
}

// structures models all types.
type structures struct {
	byName map[string]*structureDefinition
	models map[string]*typeModel // StructureDefinitions only, by type name
}

func newStructures(d definitions) (*structures, error) {
	all, err := decodeAll[structureDefinition](d, "StructureDefinition")
	if err != nil {
		return nil, err
	}
	s := &structures{map[string]*structureDefinition{}, map[string]*typeModel{}}
	for i := range all {
		s.byName[all[i].Type] = &all[i]
	}
	for i := range all {
		if s.models[all[i].Type], err = s.model(&all[i]); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].URL, err)
		}
	}
	return s, nil
}

// model turns a snapshot, which is flat, into a type and its backbone elements, which are types of their own.
func (s *structures) model(sd *structureDefinition) (*typeModel, error) {
	root := &typeModel{name: sd.Type, base: strings.TrimPrefix(sd.BaseDefinition, structureBase), abstract: sd.Abstract}
	switch sd.Kind {
	case "primitive-type":
		root.kind = "primitive"
	case "complex-type":
		root.kind = "complex"
	case "resource":
		root.kind = "resource"
	default:
		return nil, fmt.Errorf("unknown kind %q", sd.Kind)
	}
	if root.base != "" && s.byName[root.base] == nil {
		return nil, fmt.Errorf("base definition %q is not in the definitions", sd.BaseDefinition)
	}
	root.constraints = s.own(sd.Snapshot.Element[0].Constraint, root.base)
	open := map[string]*typeModel{sd.Type: root} // by path
	for i, e := range sd.Snapshot.Element[1:] {
		dot := strings.LastIndexByte(e.Path, '.')
		owner := open[e.Path[:max(dot, 0)]]
		if owner == nil {
			return nil, fmt.Errorf("%s comes before the element it is in", e.Path)
		}
		el := elementModel{name: e.Path[dot+1:]}
		var err error
		if el.row, err = s.row(sd, i+1); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Path, err)
		}
		constraints := s.own(e.Constraint, typeCodes(e)...)
		if sd.hasChildren(i + 1) {
			backbone := &typeModel{name: e.Path, kind: "backbone", base: e.Type[0].Code, constraints: constraints}
			open[e.Path] = backbone
			root.backbones = append(root.backbones, backbone)
		} else {
			el.constraints = constraints
		}
		owner.elements = append(owner.elements, el)
	}
	return root, nil
}

// hasChildren reports whether the element at i is a backbone element: the next one is inside it.
func (sd *structureDefinition) hasChildren(i int) bool {
	all := sd.Snapshot.Element
	return i+1 < len(all) && strings.HasPrefix(all[i+1].Path, all[i].Path+".")
}

// own drops the constraints that come with one of the types: the snapshot repeats them wherever the type is used.
func (s *structures) own(constraints []constraint, types ...string) []constraint {
	return slices.DeleteFunc(slices.Clone(constraints), func(c constraint) bool {
		return slices.ContainsFunc(types, func(name string) bool { return s.inherits(name, c.Key) })
	})
}

func (s *structures) inherits(name, constraintKey string) bool {
	for sd := s.byName[name]; sd != nil; sd = s.byName[strings.TrimPrefix(sd.BaseDefinition, structureBase)] {
		for _, c := range sd.Snapshot.Element[0].Constraint {
			if c.Key == constraintKey {
				return true
			}
		}
	}
	return false
}

func typeCodes(e elementDefinition) []string {
	var codes []string
	for _, t := range e.Type {
		codes = append(codes, t.Code)
	}
	return codes
}

// hierarchy lists the types so that each comes after the one it specializes: depth first, names in order.
func (s *structures) hierarchy() []*typeModel {
	var names []string
	for name := range s.models {
		names = append(names, name)
	}
	slices.Sort(names)
	var ordered []*typeModel
	var below func(base string)
	below = func(base string) {
		for _, name := range names {
			if m := s.models[name]; m.base == base {
				ordered = append(ordered, m)
				below(name)
			}
		}
	}
	below("")
	return ordered
}
