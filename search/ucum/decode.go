package ucum

import (
	_ "embed" // the definitions
	"fmt"
	"math/big"
)

// The definitions, as they are published. Their licence allows no altered copies; see NOTICE.
//
//go:embed ucum-essence.xml
var essence string

// maxPrefix is the length of the longest prefixes, da and Ki.
const maxPrefix = 2

// Decode reads the definitions, which are part of the program; it fails only where they are not as published. Every call
// makes new Units.
func Decode() (*Units, error) { return decode(essence) }

func decode(text string) (*Units, error) {
	definitions, err := readEssence(text)
	if err != nil {
		return nil, err
	}
	d := decoder{
		units:   &Units{prefixes: map[string]*big.Rat{}, atoms: make(map[string]atom, len(definitions))},
		pending: make(map[string]definition, len(definitions)),
	}
	for _, def := range definitions {
		switch {
		case def.element == "prefix":
			value, ok := new(big.Rat).SetString(def.value)
			if !ok || len(def.code) > maxPrefix {
				return nil, fmt.Errorf("ucum: prefix %s is not defined as expected", def.code)
			}
			d.units.prefixes[def.code] = value
		default:
			d.pending[def.code] = def
		}
	}
	for _, def := range definitions {
		if def.element != "prefix" {
			if err := d.define(def.code); err != nil {
				return nil, err
			}
		}
	}
	return d.units, nil
}

// decoder resolves definitions, which refer to each other in any order.
type decoder struct {
	units   *Units
	pending map[string]definition // those that have not been looked at
}

// define resolves the definition of code unless that has been done.
func (d *decoder) define(code string) error {
	def, ok := d.pending[code]
	if !ok {
		return nil
	}
	delete(d.pending, code)
	u, err := d.meaning(def)
	if err != nil {
		return fmt.Errorf("ucum: %s: %w", code, err)
	}
	d.units.atoms[code] = atom{unit: u, metric: def.metric}
	return nil
}

func (d *decoder) meaning(def definition) (unit, error) {
	switch {
	case def.element == "base-unit":
		return base(def.code), nil
	case def.special:
		return d.special(def)
	case def.arbitrary && def.unit == "1":
		return base(def.code), nil
	}
	return d.product(def.value, def.unit)
}

// product is a number of a unit.
func (d *decoder) product(value, code string) (unit, error) {
	u, err := parse(code, d.symbol)
	if err != nil || value == "1" {
		return u, err
	}
	n, ok := new(big.Rat).SetString(value)
	if !ok || n.Sign() <= 0 {
		return u, fmt.Errorf("%q is no value", value)
	}
	return number(n).times(u, 1)
}

// symbol finds a unit, and defines it first where that has not been done.
func (d *decoder) symbol(text string) (unit, bool, error) {
	for n := range min(maxPrefix+1, len(text)) {
		if err := d.define(text[n:]); err != nil {
			return unit{}, false, err
		}
		if _, ok := d.units.atoms[text[n:]]; ok {
			break
		}
	}
	return d.units.symbol(text)
}

// special is a unit on another than a ratio scale (§21). The definitions name functions of
// the value in another unit; those of the degrees are x-273.15 (Cel), x-459.67 (degF) and x-218.52 (degRe).
func (d *decoder) special(def definition) (unit, error) {
	var zero string
	switch def.function {
	case "Cel":
		zero = "273.15"
	case "degF":
		zero = "459.67"
	case "degRe":
		zero = "218.52"
	default:
		u := base(def.code)
		u.special = true
		return u, nil
	}
	u, err := d.product(def.value, def.unit)
	if err != nil {
		return u, err
	}
	offset, _ := new(big.Rat).SetString(zero)
	u.special, u.offset = true, offset.Mul(offset, u.scale)
	return u, nil
}
