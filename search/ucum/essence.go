package ucum

import (
	"errors"
	"fmt"
	"strings"
)

// definition is an element of ucum-essence.xml: a prefix, a base unit or a unit.
type definition struct {
	element, code string
	metric        bool // takes prefixes
	special       bool // on another scale than a ratio scale
	arbitrary     bool // defined by a procedure
	value, unit   string
	function      string // of a special unit; value and unit are its arguments
}

var errEssence = errors.New("ucum: the definitions are not as they are published")

// readEssence reads the definitions. Package encoding/xml would take longer for it than all else together, so this reads
// tags and attributes only, of documents such as this one: without CDATA, entities in attributes or namespace prefixes.
func readEssence(text string) ([]definition, error) {
	all := make([]definition, 0, 350)
	var def *definition
	for {
		_, rest, found := strings.Cut(text, "<")
		if !found {
			break
		}
		tag, rest, found := strings.Cut(rest, ">")
		if !found {
			return nil, errEssence
		}
		text = rest
		name, attributes := element(tag)
		switch name {
		case "prefix", "base-unit", "unit":
			all = append(all, definition{element: name, metric: name == "base-unit"})
			def = &all[len(all)-1]
		case "value", "function":
			if def == nil {
				return nil, errEssence
			}
		default:
			continue
		}
		if err := def.read(name, attributes); err != nil {
			return nil, err
		}
	}
	for _, def := range all {
		if def.code == "" || def.element != "base-unit" && def.value == "" || def.element == "unit" && def.unit == "" {
			return nil, fmt.Errorf("%w: %s", errEssence, def.code)
		}
	}
	if len(all) == 0 {
		return nil, errEssence
	}
	return all, nil
}

// element splits what stands in a start tag into its name and the attributes.
func element(tag string) (name, attributes string) {
	if i := strings.IndexAny(tag, " \t\r\n"); i >= 0 {
		return tag[:i], tag[i:]
	}
	return tag, ""
}

// read takes over the attributes of an element that belongs to the definition.
func (def *definition) read(element, attributes string) error {
	for {
		attributes = strings.TrimLeft(attributes, " \t\r\n")
		if attributes == "" || attributes == "/" {
			return nil
		}
		name, rest, found := strings.Cut(attributes, `="`)
		if !found {
			return errEssence
		}
		value, rest, found := strings.Cut(rest, `"`)
		if !found || strings.Contains(value, "&") {
			return errEssence
		}
		attributes = rest
		def.set(element, name, value)
	}
}

func (def *definition) set(element, attribute, value string) {
	inner := element == "value" || element == "function"
	switch {
	case attribute == "Code" && !inner:
		def.code = value
	case attribute == "isMetric":
		def.metric = value == "yes"
	case attribute == "isSpecial":
		def.special = value == "yes"
	case attribute == "isArbitrary":
		def.arbitrary = value == "yes"
	case attribute == "value" && inner:
		def.value = value
	case attribute == "Unit" && inner:
		def.unit = value
	case attribute == "name" && element == "function":
		def.function = value
	}
}
