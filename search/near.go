package search

import (
	"math"
	"strconv"

	"andiron.dev/fhir"
	"andiron.dev/fhir/path"
	"andiron.dev/fhir/r4"
	"github.com/cockroachdb/apd/v3"
)

// Near is a criterion on where a place is (http://hl7.org/fhir/R4/location.html#search): no further from a point than so
// much, measured along a great circle. Places are on WGS 84; the earth counts as a sphere, which is half a per cent off at
// most. Floating-point numbers are good to a millimetre here, and nobody's money or medicine.
type Near struct {
	criterion
	Any []NearTest
}

// NearTest is one alternative: "latitude|longitude|distance|units".
type NearTest struct {
	Latitude, Longitude float64 // degrees
	Within              float64 // metres
}

// PositionValue is the position of a Location, in degrees.
type PositionValue struct {
	Slot                *Slot
	Latitude, Longitude float64
}

const (
	// DefaultNear is how many metres are near where a query does not say.
	DefaultNear = 50_000
	earthRadius = 6_371_008.8 // metres: the mean radius
)

// isNear reports whether a definition is the one parameter of type special that positions are searched by.
func isNear(def *r4.SearchParam) bool {
	return def.URL == "http://hl7.org/fhir/SearchParameter/Location-near"
}

func (in *parsing) near(c criterion) (Expr, error) {
	e := &Near{criterion: c}
	for _, raw := range c.raw {
		parts := splitEscaped(raw, '|')
		for len(parts) < 4 {
			parts = append(parts, "")
		}
		test := NearTest{Within: DefaultNear}
		var north, east bool
		test.Latitude, north = degrees(unescape(parts[0]), 90)
		test.Longitude, east = degrees(unescape(parts[1]), 180)
		if !north || !east || len(parts) > 4 {
			return nil, fhir.Errorf(fhir.Invalid, "a value of the parameter '%s' is not latitude|longitude|distance|units: degrees from -90 to 90, degrees from -180 to 180, "+
				"and, if you like, a number and a code of UCUM for a length, such as 11.2|km", c.Param.Code)
		}
		if parts[2] != "" {
			var ok bool
			if test.Within, ok = in.params.metres(unescape(parts[2]), unescape(parts[3])); !ok {
				return nil, fhir.Errorf(fhir.Invalid, "the distance of the parameter '%s' is not a number, 0 or more, with a code of UCUM for a length, such as km, m, [mi_i] or [ft_i]", c.Param.Code)
			}
		}
		e.Any = append(e.Any, test)
	}
	return e, nil
}

// degrees reads a decimal between -limit and limit.
func degrees(text string, limit float64) (float64, bool) {
	if _, ok := readDecimal(text); !ok {
		return 0, false
	}
	f, err := strconv.ParseFloat(text, 64)
	return f + 0, err == nil && math.Abs(f) <= limit // + 0: there is but one zero
}

// metres converts a distance; without units, it is in kilometres.
func (p *Params) metres(text, unit string) (float64, bool) {
	read, ok := readDecimal(text)
	if !ok || !read.exact() || read.negative {
		return 0, false
	}
	n, _, err := apd.NewFromString(text)
	if err != nil {
		return 0, false
	}
	switch unit {
	case "", "km":
		n.Exponent += 3
	case "m":
	default:
		if n, ok = p.units.Convert(n, unit, "m"); !ok {
			return 0, false
		}
	}
	f, err := n.Float64()
	return f, err == nil
}

// addPosition adds the position of a Location; one that is not on the earth is none.
func (v *Values) addPosition(slot *Slot, value path.Value) {
	e := value.Element()
	latitude, north := degrees(e.Get("latitude").Text(), 90)
	longitude, east := degrees(e.Get("longitude").Text(), 180)
	if north && east {
		v.Positions = append(v.Positions, PositionValue{Slot: slot, Latitude: latitude, Longitude: longitude})
	}
}

// Distance is how many metres two places are from each other, along a great circle.
func Distance(latitude1, longitude1, latitude2, longitude2 float64) float64 {
	const radian = math.Pi / 180
	north, east := math.Sin((latitude2-latitude1)*radian/2), math.Sin((longitude2-longitude1)*radian/2)
	h := north*north + math.Cos(latitude1*radian)*math.Cos(latitude2*radian)*east*east
	return 2 * earthRadius * math.Asin(math.Sqrt(min(h, 1)))
}

// Matches reports whether a position passes the test.
func (t NearTest) Matches(v PositionValue) bool {
	return Distance(t.Latitude, t.Longitude, v.Latitude, v.Longitude) <= t.Within
}

func (e *Near) match(v *Values) bool {
	return anyValue(v.Positions, e.Any, func(v *PositionValue) bool { return e.Param.has(v.Slot) }, NearTest.Matches)
}

// Box is a part of the earth between two parallels and two meridians, in degrees.
type Box struct{ South, North, West, East float64 }

// Boxes give room to everything that may pass the test, and not much more: engines look there. Where the circle crosses the
// 180th meridian there are two; around a pole a box goes round the earth.
func (t NearTest) Boxes() []Box {
	const slack = 1e-6 // degrees: more than rounding can amount to
	angle := min(t.Within/earthRadius, math.Pi)
	spread := angle*180/math.Pi + slack
	b := Box{South: max(t.Latitude-spread, -90), North: min(t.Latitude+spread, 90), West: -180, East: 180}
	if b.South == -90 || b.North == 90 {
		return []Box{b}
	}
	spread = math.Asin(min(math.Sin(angle)/math.Cos(t.Latitude*math.Pi/180), 1))*180/math.Pi + slack
	switch west, east := t.Longitude-spread, t.Longitude+spread; {
	case east-west >= 360:
		return []Box{b}
	case west < -180:
		return []Box{{b.South, b.North, -180, east}, {b.South, b.North, west + 360, 180}}
	case east > 180:
		return []Box{{b.South, b.North, west, 180}, {b.South, b.North, -180, east - 360}}
	default:
		return []Box{{b.South, b.North, west, east}}
	}
}
