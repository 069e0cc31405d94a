package ucum_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"andiron.dev/search/ucum"
)

func TestCanonical(t *testing.T) {
	units := decode(t)
	for _, c := range []struct{ value, code, want string }{
		{"5.4", "mg", "0.0054 g"},
		{"5.40", "mg", "0.00540 g"}, // zeros that say how precise a value is stay
		{"0", "kg", "0 g"},
		{"0.00", "kg", "0 g"},
		{"0", "Cel", "273.15 K"},
		{"-273.15", "Cel", "0.00 K"},
		{"-5.4", "mm", "-0.0054 m"},
		{"72.5", "kg", "72500 g"},
		{"1", "[in_i]", "0.0254 m"},
		{"6", "[ft_i]", "1.8288 m"},
		{"1", "[lb_av]", "453.59237 g"},
		{"1", "[stone_av]", "6350.29318 g"},
		{"1", "[foz_us]", "0.0000295735295625 m3"},
		{"120", "mm[Hg]", "15998640 g.m-1.s-2"},
		{"1", "kat", "602214076000000000000000 s-1"},
		{"5", "mmol/L", "3011070380000000000000000 m-3"},
		{"5", "mol/m3", "3011070380000000000000000 m-3"},
		{"60", "/min", "1.00 s-1"},
		{"1", "S", "0.001 C2.g-1.m-2.s"},
		{"1", "lx", "1 cd.m-2.rad2"},
		{"1", "m.m-1", "1 1"},
		{"7", "mm0", "7 1"},
		{"1", "cm3", "0.000001 m3"},
		{"1", "dar", "10 m2"}, // deci-are
		{"1", "daar", "1000 m2"},
		{"2", "By", "16 1"},
		{"1", "KiBy", "8192 1"},
		{"1", "u", "0.0000000000000000000000016605390666 g"}, // not the prefix
		{"1", "ug", "0.000001 g"},
		{"1", "a", "31557600 s"},
		{"1", "2.5", "10 1"},                                             // a product, not a fraction
		{"1", "g/m/s", "1 g.m-1.s-1"},                                    // from left to right
		{"1", "g/m.s", "1 g.m-1.s"},                                      //
		{"1", "g/(m.s)", "1 g.m-1.s-1"},                                  //
		{"1", "/m.s", "1 m-1.s"},                                         //
		{"70", "{beats}/min", "1.166666666666666666666666666666667 s-1"}, // rounded to 34 digits
		{"2", "[ft_us]", "0.6096012192024384048768097536195072 m"},
		{"3937", "[ft_us]", "1200 m"}, // no rounding where the fraction ends after all
		{"5", "%{vol}", "0.05 1"},
		{"5", "{RBC}", "5 1"},
		{"5", "10*9{cells}/L{blood}", "5000000000000 m-3"},
		{"1", "(m){a}", "1 m"},
		{"37", "Cel", "310.15 K"},
		{"-40", "Cel", "233.15 K"},
		{"98.6", "[degF]", "310.15 K"},
		{"100", "[degF]", "310.9277777777777777777777777777778 K"},
		{"9", "[degR]", "5 K"},
		{"80", "[degRe]", "373.15 K"},
		{"37000", "mCel", "310.150 K"}, // a prefix scales the value (§22)
		{"1", "37.Cel", "310.15 K"},
		{"74", "Cel/2", "310.15 K"},
		{"7.4", "[pH]", "7.4 [pH]"},
		{"30", "dB", "3.0 B"},
		{"1", "dB[10.nV]", "0.1 B[10.nV]"},
		{"5", "[iU]", "5 [iU]"},
		{"5", "[IU]", "5 [iU]"},
		{"5", "m[IU]/mL", "5000 [iU].m-3"},
		{"5", "[arb'U]/mL", "5000000 [arb'U].m-3"},
		{"5", "[iU]/[iU]", "5 1"},
	} {
		value, unit, ok := units.Canonical(number(t, c.value), c.code)
		if got := text(value) + " " + unit; !ok || got != c.want {
			t.Errorf("%s %s is %s %v, want %s", c.value, c.code, got, ok, c.want)
		}
	}
}

// text writes a decimal out.
func text(d *apd.Decimal) string {
	if d == nil {
		return "nothing"
	}
	return d.Text('f')
}

func TestConvert(t *testing.T) {
	units := decode(t)
	for _, c := range []struct{ value, from, to, want string }{
		{"5.4", "mg", "mg", "5.4"},
		{"1.50", "kg", "g", "1500"},
		{"1500", "mg", "g", "1.500"},
		{"6", "[ft_i]", "[in_i]", "72"},
		{"1", "[yd_us]", "[ft_us]", "3"},
		{"1", "[ft_us]", "[yd_us]", "0.3333333333333333333333333333333333"},
		{"150", "[lb_av]", "kg", "68.03885550"},
		{"98.6", "[degF]", "Cel", "37.0"},
		{"37", "Cel", "[degF]", "98.6"},
		{"0", "K", "Cel", "-273.15"},
		{"1", "Cel", "mCel", "1000"},
		{"180", "mg/dL", "g/L", "1.80"},
		{"1", "wk", "d", "7"},
		{"5", "{tablets}", "1", "5"},
		{"50", "%", "1", "0.50"},
		{"10", "dB", "B", "1.0"},
		{"5", "[IU]/L", "m[iU]/mL", "5"},
		{"1", "[iU].m", "m.[iU]", "1"},
	} {
		got, ok := units.Convert(number(t, c.value), c.from, c.to)
		if !ok || text(got) != c.want {
			t.Errorf("%s %s in %s is %s %v, want %s", c.value, c.from, c.to, text(got), ok, c.want)
		}
	}
}

// TestNoConversion has pairs that do not measure the same, and units that measure nothing.
func TestNoConversion(t *testing.T) {
	units := decode(t)
	for _, c := range [][2]string{
		{"g", "m"}, {"g", "g2"}, {"rad", "1"}, {"m", "furlong"}, {"furlong", "m"}, {"", "1"}, {"1", ""},
		{"[iU]", "1"}, {"[iU]", "[arb'U]"}, {"[iU]", "U"}, {"[iU]2", "[iU]"}, {"[CFU]", "[PFU]"},
		{"[pH]", "mol/L"}, {"B", "1"}, {"B", "Np"}, {"B[V]", "V"}, {"%[slope]", "deg"}, {"bit_s", "bit"}, {"[hp'_X]", "1"},
		{"Cel/m", "K/m"}, {"Cel2", "K2"}, {"Cel-1", "K-1"}, {"/Cel", "/K"}, {"Cel0", "1"}, {"Cel.Cel", "K2"}, {"dB/m", "dB/m"}, {"m.Cel/m", "K"},
	} {
		if got, ok := units.Convert(number(t, "1"), c[0], c[1]); ok {
			t.Errorf("1 %s is %s %s", c[0], text(got), c[1])
		}
	}
	for _, code := range []string{"Cel/m", "dB/m", "Cel2", "1/B"} {
		if err := units.Valid(code); err != nil {
			t.Errorf("%s is valid, if without meaning: %v", code, err)
		}
		if _, _, ok := units.Canonical(number(t, "1"), code); ok {
			t.Errorf("%s has a canonical unit", code)
		}
	}
	var none *ucum.Units
	if _, _, ok := none.Canonical(number(t, "1"), "m"); ok || none.Valid("m") == nil {
		t.Error("no units know the metre")
	}
	if _, ok := none.Convert(number(t, "1"), "m", "m"); ok {
		t.Error("no units convert metres")
	}
}

func TestInvalid(t *testing.T) {
	units := decode(t)
	for code, want := range map[string]string{
		"":                       "the code is empty",
		"furlong":                "there is no such unit at character 1",
		"m.furlong":              "there is no such unit at character 3",
		"M":                      "there is no such unit at character 1", // lower and upper case differ
		"MM":                     "there is no such unit at character 1",
		"k[in_i]":                "there is no such unit at character 1", // no prefix on what is not metric
		"kmin":                   "there is no such unit at character 1",
		"mkg":                    "there is no such unit at character 1", // one prefix
		"k":                      "there is no such unit at character 1",
		"m-":                     "there is no such unit at character 1",
		"m+-2":                   "there is no such unit at character 1",
		"12h":                    "there is no such unit at character 1",
		"5.4":                    "",
		"m2.":                    "the code ends where a unit is expected",
		"/":                      "the code ends where a unit is expected",
		"m//s":                   "a unit is missing at character 3",
		".m":                     "a unit is missing at character 1",
		"()":                     "a unit is missing at character 2",
		"(/m)":                   "a unit is missing at character 2",
		"(m":                     "a parenthesis is not closed",
		"m)":                     "a parenthesis closes that was not opened at character 2",
		"(m)2":                   "an operator is missing at character 4",
		"m(s)":                   "an operator is missing at character 2",
		"{a}m":                   "an operator is missing at character 4",
		"m{a}{b}":                "an operator is missing at character 5",
		"m{a":                    "an annotation is not closed",
		"m{{a}}":                 "annotations must not be nested at character 3",
		"m{red cells}":           "a character is not allowed in an annotation at character 6",
		"m}":                     "a character is not allowed at character 2",
		"m[H2O":                  "a bracket is not closed",
		"m[H[2]O]":               "brackets must not be nested at character 4",
		"mH2O]":                  "a bracket closes that was not opened at character 5",
		"m s":                    "a character is not allowed at character 2",
		" m":                     "a character is not allowed at character 1",
		"µg":                     "a character is not allowed at character 1",
		"m\x00":                  "a character is not allowed at character 2",
		"0":                      "a number must be positive at character 1",
		"m.00":                   "a number must be positive at character 3",
		"10+3":                   "an exponent does not follow a unit at character 1",
		"-3":                     "an exponent does not follow a unit at character 1",
		"m101":                   "an exponent is beyond the bounds of this implementation",
		"m-101":                  "an exponent is beyond the bounds of this implementation",
		"m60.m60":                "an exponent is beyond the bounds of this implementation",
		"N2.N99":                 "an exponent is beyond the bounds of this implementation",
		"m999999999999999999999": "an exponent is beyond the bounds of this implementation",
		"[pi]99":                 "the factor of the unit is beyond the bounds of this implementation",
		strings.Repeat("9", 200) + "." + "10*-100.10*-100.10*-100": "",
		"10*100": "",
		"m100":   "",
		strings.Repeat("(", 32) + "m" + strings.Repeat(")", 32):         "",
		strings.Repeat("(", 33) + "m" + strings.Repeat(")", 33):         "the parentheses are too deep at character 33",
		strings.Repeat("m.", 50) + "{" + strings.Repeat("x", 154) + "}": "",
		strings.Repeat("m.", 50) + "{" + strings.Repeat("x", 155) + "}": "the code has more than 256 characters",
		strings.Repeat("10*99.", 13) + "1":                              "the factor of the unit is beyond the bounds of this implementation",
		strings.Repeat("Ym99/Yg99.", 9) + "1":                           "the factor of the unit is beyond the bounds of this implementation",
	} {
		err := units.Valid(code)
		if got := ""; err != nil {
			got = err.Error()
			if got != want {
				t.Errorf("%s: %s, want %s", code, got, want)
			}
		} else if want != "" {
			t.Errorf("%s is valid, want %s", code, want)
		}
	}
}

// TestValuesOutOfBounds: exponents that JSON can write in a few characters must not cost memory.
func TestValuesOutOfBounds(t *testing.T) {
	units := decode(t)
	for _, value := range []*apd.Decimal{
		nil, {Form: apd.NaN}, {Form: apd.Infinite}, apd.New(1, 1001), apd.New(1, -1001), apd.New(1, 100000), number(t, strings.Repeat("9", 1001)),
	} {
		if got, _, ok := units.Canonical(value, "Cel"); ok {
			t.Errorf("%.20v Cel is %.20s", value, text(got))
		}
		if got, ok := units.Convert(value, "Cel", "[degF]"); ok {
			t.Errorf("%.20v Cel is %.20s", value, text(got))
		}
	}
	for _, value := range []*apd.Decimal{apd.New(1, 1000), apd.New(1, -1000), number(t, strings.Repeat("9", 1000))} {
		kelvin, _, ok := units.Canonical(value, "Cel")
		if !ok {
			t.Fatalf("%.20v Cel has no canonical value", value)
		}
		c := apd.BaseContext.WithPrecision(3000)
		if _, err := c.Sub(kelvin, kelvin, number(t, "273.15")); err != nil || kelvin.Cmp(value) != 0 {
			t.Errorf("%.20v Cel has lost digits", value)
		}
	}
}

// TestArguments: a conversion leaves its argument as it is and shares nothing with it.
func TestArguments(t *testing.T) {
	units := decode(t)
	value := number(t, "123456789012345678901234567890123456789012345678901234567890.5")
	before := value.String()
	for _, code := range []string{"g", "mg", "U", "Cel", "[degF]"} {
		got, _, ok := units.Canonical(value, code)
		if !ok {
			t.Fatal(code)
		}
		got.Coeff.SetInt64(0)
		if value.String() != before {
			t.Fatalf("%s: the argument has become %s", code, value)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	units := decode(t)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 3000 {
				code := "mg{" + strings.Repeat("x", i%170) + strings.Repeat("y", i%13+worker) + "}"
				if v, unit, ok := units.Canonical(apd.New(54, -1), code); !ok || unit != "g" || text(v) != "0.0054" {
					t.Errorf("%s: %s %s %v", code, v, unit, ok)
					return
				}
			}
		})
	}
	wg.Wait()
}
