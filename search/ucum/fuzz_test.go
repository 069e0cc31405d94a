package ucum_test

import (
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
)

// FuzzConvert: no code or value panics; what is canonical stays so; a value comes back from its canonical form.
func FuzzConvert(f *testing.F) {
	for _, seed := range [][2]string{
		{"5.4", "mg"}, {"-1e-3", "g/(kg.min)"}, {"98.6", "[degF]"}, {"37", "10.mCel"}, {"1", "dB[10.nV]"}, {"120", "mm[Hg]"},
		{"2", "/m{a}/(s2.4)"}, {"7", "10*-3/ul"}, {"3", "Cel/m"}, {"1", "[m/s2/Hz^(1/2)]"}, {"0", "kU"}, {"9", "[pi]3.[iU]-2"},
		{"1e900", "Ym10"}, {"1", "m99.m"}, {"", "((m"}, {"1", "{"},
	} {
		f.Add(seed[0], seed[1])
	}
	units := decode(f)
	f.Fuzz(func(t *testing.T, text, code string) {
		invalid := units.Valid(code)
		if invalid != nil && len(code) > 20 && strings.Contains(invalid.Error(), code) {
			t.Fatalf("the error repeats the code: %v", invalid)
		}
		value, _, err := apd.NewFromString(text)
		if err != nil {
			return
		}
		canonical, unit, ok := units.Canonical(value, code)
		if !ok {
			return
		}
		if invalid != nil {
			t.Fatalf("%q converts, but %v", code, invalid)
		}
		again, same, ok := units.Canonical(canonical, unit)
		switch {
		case !ok && canonical.NumDigits() <= 1000 && -1000 <= canonical.Exponent && canonical.Exponent <= 1000:
			t.Fatalf("%q: %s has no canonical form", code, unit)
		case ok && (same != unit || again.Cmp(canonical) != 0):
			t.Fatalf("%q: %s %s becomes %s %s", code, canonical, unit, again, same)
		case !ok:
			return
		}
		back, ok := units.Convert(canonical, unit, code)
		if !ok || !near(t, value, back) {
			// A unit with a zero point far away loses the digits in which the canonical value has been rounded.
			nearby, _ := units.Convert(times(t, canonical, "1.0000000000000000000000000000001"), unit, code)
			if !ok || distance(t, value, back).Cmp(distance(t, nearby, back)) > 0 {
				t.Fatalf("%s %q is %s %s and back %s", value, code, canonical, unit, back)
			}
		}
		direct, ok := units.Convert(value, code, unit)
		if !ok || direct.Cmp(canonical) != 0 {
			t.Fatalf("%s %q is %s %s, and converted %s", value, code, canonical, unit, direct)
		}
	})
}

// near reports whether a and b agree to the digits that two divisions leave.
func near(t *testing.T, a, b *apd.Decimal) bool {
	t.Helper()
	return distance(t, a, b).Cmp(distance(t, times(t, a, "1e-32"), new(apd.Decimal))) <= 0
}

func distance(t *testing.T, a, b *apd.Decimal) *apd.Decimal {
	t.Helper()
	d := new(apd.Decimal)
	if _, err := apd.BaseContext.WithPrecision(5000).Sub(d, a, b); err != nil {
		t.Fatal(err)
	}
	return d.Abs(d)
}

func times(t *testing.T, a *apd.Decimal, factor string) *apd.Decimal {
	t.Helper()
	d := new(apd.Decimal)
	if _, err := apd.BaseContext.WithPrecision(5000).Mul(d, a, number(t, factor)); err != nil {
		t.Fatal(err)
	}
	return d
}
