package path_test

import (
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// fewUnits knows as many units as the tests use; the server injects all of UCUM.
type fewUnits struct{}

func (fewUnits) Convert(value *apd.Decimal, from, to string) (*apd.Decimal, bool) {
	f, dimensionF, okF := scaleOf(from)
	t, dimensionT, okT := scaleOf(to)
	if !okF || !okT || dimensionF != dimensionT {
		return nil, false
	}
	c := apd.BaseContext.WithPrecision(34)
	d := new(apd.Decimal)
	if _, err := c.Mul(d, value, f); err != nil {
		return nil, false
	}
	_, err := c.Quo(d, d, t)
	d.Reduce(d)
	return d, err == nil
}

// scaleOf reads products and quotients of atoms: "cm.m", "g/m", "m2".
func scaleOf(unit string) (scale *apd.Decimal, dimension [3]int, ok bool) {
	scale = apd.New(1, 0)
	sign := 1
	for unit != "" {
		end := strings.IndexAny(unit, "./")
		if end < 0 {
			end = len(unit)
		}
		s, axis, ok := atom(strings.TrimRight(unit[:end], "23"))
		if !ok {
			return nil, dimension, false
		}
		exponent := 1
		if n := len(unit[:end]); unit[n-1] == '2' || unit[n-1] == '3' {
			exponent = int(unit[n-1] - '0')
		}
		for range exponent {
			c := apd.BaseContext.WithPrecision(34)
			if sign > 0 {
				c.Mul(scale, scale, s)
			} else {
				c.Quo(scale, scale, s)
			}
		}
		if axis >= 0 {
			dimension[axis] += sign * exponent
		}
		if end == len(unit) {
			break
		}
		if unit[end] == '/' {
			sign = -1
		}
		unit = unit[end+1:]
	}
	return scale, dimension, true
}

func atom(code string) (scale *apd.Decimal, axis int, ok bool) {
	switch code {
	case "1":
		return apd.New(1, 0), -1, true
	case "m":
		return apd.New(1, 0), 0, true
	case "cm":
		return apd.New(1, -2), 0, true
	case "[in_i]":
		return apd.New(254, -4), 0, true
	case "g":
		return apd.New(1, 0), 1, true
	case "mg":
		return apd.New(1, -3), 1, true
	case "kg":
		return apd.New(1, 3), 1, true
	case "[lb_av]":
		return apd.New(45359237, -5), 1, true
	case "s":
		return apd.New(1, 0), 2, true
	case "min":
		return apd.New(60, 0), 2, true
	case "h":
		return apd.New(3600, 0), 2, true
	case "d":
		return apd.New(86400, 0), 2, true
	case "a":
		return apd.New(31557600, 0), 2, true
	}
	return nil, 0, false
}
