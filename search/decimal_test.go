package search_test

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"github.com/cockroachdb/apd/v3"
)

// anyDecimal makes numbers of every size, many of them close to each other.
func anyDecimal(r *rand.Rand) *apd.Decimal {
	digits := strconv.Itoa(r.IntN([]int{2, 20, 1000, 1_000_000_000}[r.IntN(4)]))
	if r.IntN(10) == 0 {
		digits += strings.Repeat(strconv.Itoa(r.IntN(10)), r.IntN(300)) + "1"
	}
	exponent := r.IntN(8) - 5
	switch r.IntN(8) {
	case 0:
		exponent = r.IntN(140) - 70 // where the exponent no longer fits in a byte
	case 1:
		exponent = r.IntN(4000) - 2000
	}
	d, _, err := apd.NewFromString([]string{"", "-"}[r.IntN(2)] + digits + "e" + strconv.Itoa(exponent))
	if err != nil {
		panic(err)
	}
	return d
}

// TestBoundsSortLikeNumbers compares the bytes with apd.
func TestBoundsSortLikeNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50_000 {
		a, b := anyDecimal(r), anyDecimal(r)
		if r.IntN(4) == 0 { // the neighbour in the last digit
			b.Set(a)
			b.Coeff.Add(&b.Coeff, apd.NewBigInt(1))
		}
		want := a.Cmp(b)
		for name, got := range map[string]int{
			"below and below": cmp.Compare(search.Below(a), search.Below(b)), "above and above": cmp.Compare(search.Above(a), search.Above(b)),
		} {
			if got != want {
				t.Fatalf("%s %s and %s: %d, want %d", name, a, b, got, want)
			}
		}
		if want == 0 {
			want = -1 // just below a number is before just above it
		}
		if got := cmp.Compare(search.Below(a), search.Above(b)); got != want {
			t.Fatalf("below %s and above %s: %d, want %d", a, b, got, want)
		}
		if low, high := search.Below(a), search.Above(a); low <= search.LineStart || high >= search.LineEnd || !(search.Interval{Low: low, High: high}).Point() ||
			(search.Interval{Low: low, High: search.Above(b)}).Point() != (a.Cmp(b) == 0) {
			t.Fatalf("%s lies at %q … %q", a, low, high)
		}
		for bound, above := range map[search.Bound]bool{search.Below(a): false, search.Above(a): true} {
			if d, gotAbove, ok := bound.Number(); !ok || gotAbove != above || d.Cmp(a) != 0 {
				t.Fatalf("%s became %q, and that %v %v %v", a, bound, d, gotAbove, ok)
			}
		}
	}
}

// TestBoundsAreSmall: what most measured values take in the index.
func TestBoundsAreSmall(t *testing.T) {
	for number, size := range map[string]int{"0": 1, "-0.00": 1, "7": 2, "72": 2, "120": 2, "7.2": 2, "98.6": 3, "5400000": 2, "0.0054": 2, "-72": 2, "6.02214076e23": 6, "1e-1000": 4} {
		d, _, err := apd.NewFromString(number)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(search.Below(d)); got != size {
			t.Errorf("%s takes %d bytes, want %d", number, got, size)
		}
	}
}

// TestBoundsOfNothing takes apart what no number has.
func TestBoundsOfNothing(t *testing.T) {
	for _, b := range []search.Bound{"", "\xff", "\x81", "\xc0", "\xc0\x09", "\xc0\xfe", "\x80\x02", "\x80\x01\x01", "\x00\x00\x00\x00", "\xc0\x0a\x0a", "\x3f"} {
		if d, _, ok := b.Number(); ok {
			t.Errorf("%q is taken for %s", string(b), d)
		}
	}
}

// accepted is the grammar of a FHIR decimal.
func accepted(text string) bool {
	return regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`).MatchString(text)
}

// asRat reads a number, unless it may be too large or too small to be kept as it is.
func asRat(text string) (*big.Rat, bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		if e, err := strconv.Atoi(text[i+1:]); err != nil || e < -800 || e > 800 {
			return nil, false
		}
	}
	return new(big.Rat).SetString(text)
}

// half is half a unit of the last digit as written.
func half(text string) *big.Rat {
	mantissa, exponent, exponential := strings.Cut(strings.ToLower(strings.TrimPrefix(text, "-")), "e")
	place, _ := strconv.Atoi(exponent)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	place -= len(fraction)
	if exponential && len(strings.TrimLeft(whole+fraction, "0")) <= 1 {
		place--
	}
	h, _ := new(big.Rat).SetString("5e" + strconv.Itoa(place-1))
	return h
}

// expected says by R4's rules whether a number matches.
func expected(prefix, text string, value *big.Rat) bool {
	asked, _ := new(big.Rat).SetString(text)
	low, high := new(big.Rat).Sub(asked, half(text)), new(big.Rat).Add(asked, half(text))
	equal := value.Cmp(low) >= 0 && value.Cmp(high) < 0
	tenth := new(big.Rat).Quo(new(big.Rat).Abs(asked), big.NewRat(10, 1))
	order := value.Cmp(asked)
	switch prefix {
	case "ne":
		return !equal
	case "gt", "sa":
		return order > 0
	case "lt", "eb":
		return order < 0
	case "ge":
		return order >= 0
	case "le":
		return order <= 0
	case "ap":
		return equal || value.Cmp(high) == 0 || new(big.Rat).Abs(new(big.Rat).Sub(value, asked)).Cmp(tenth) <= 0
	}
	return equal
}

// compareNumbers asks for one number, with every prefix, of a resource that has the other.
func compareNumbers(t *testing.T, p *search.Params, asked, has string) {
	t.Helper()
	r, err := fhir.ParseResource(`{"resourceType":"RiskAssessment","id":"1","prediction":[{"probabilityDecimal":`+has+`}]}`, fhir.DefaultLimits())
	if !accepted(has) || err != nil {
		return
	}
	values := p.Values(r)
	for _, prefix := range []string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"} {
		q, _, err := p.Parse("RiskAssessment", fhir.Params{{Name: "probability", Value: prefix + asked}}, search.Options{Strict: true})
		if err != nil {
			if fhir.CodeOf(err) != fhir.Invalid || accepted(asked) && len(asked) < 50 && !strings.ContainsAny(asked, "eE") {
				t.Fatalf("%s%s: %v", prefix, asked, err)
			}
			return
		}
		if !accepted(asked) {
			t.Fatalf("%q is taken for a number", asked)
		}
		value, ok := asRat(has)
		if !ok || len(has) > 100 {
			continue // kept as an interval
		}
		if got, want := search.Match(q.Where, r, values, nil), expected(prefix, asked, value); got != want {
			t.Fatalf("%s%s matches %s: %v, want %v", prefix, asked, has, got, want)
		}
	}
}

// TestNumbersMatchAsR4Says compares the matcher with arithmetic on fractions.
func TestNumbersMatchAsR4Says(t *testing.T) {
	p, r := newParams(t), rand.New(rand.NewPCG(3, 4))
	near := func(text string) string { // a number that lies at the edge of what is asked for, or next to it
		n, _ := new(big.Rat).SetString(text)
		n.Add(n, new(big.Rat).Mul(half(text), big.NewRat([]int64{-2, -1, 0, 0, 1, 2}[r.IntN(6)], 1)))
		if r.IntN(3) == 0 {
			n.Mul(n, big.NewRat([]int64{9, 10, 11}[r.IntN(3)], 10))
		}
		if r.IntN(3) == 0 {
			n.Add(n, big.NewRat(int64(r.IntN(3)-1), 1_000_000))
		}
		text = strings.TrimRight(n.FloatString(20), "0")
		return strings.TrimSuffix(text, ".")
	}
	for range 3000 {
		asked := pickOne(r, "", "", "-") + pickOne(r, "0", "1", "5", "10", "100", "120", strconv.Itoa(r.IntN(2000))) + pickOne(r, "", "", ".0", ".00", ".5", ".40", ".005") +
			pickOne(r, "", "", "", "e0", "e1", "e2", "E+3", "e-2")
		compareNumbers(t, p, asked, near(asked))
	}
}

func pickOne(r *rand.Rand, list ...string) string { return list[r.IntN(len(list))] }

// FuzzNumber: whatever is asked, the answer is an Outcome with Invalid, or what arithmetic says.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"100", "5.40", "1e2", "-0", "1e-1000", "1e1000", "9.99e1000", "1e999999999999999999999", "-1E+05", "007", ".5", "5.", "1e", "+1", "0x1p3", "Infinity", "NaN",
		"1_000", strings.Repeat("9", 100), strings.Repeat("9", 101), "0." + strings.Repeat("0", 200) + "1", "1" + strings.Repeat("0", 150), "0e99999999", "1 ", "١"} {
		f.Add(seed, seed)
		f.Add(seed, "100")
		f.Add("100", seed)
	}
	p := newParams(f)
	f.Fuzz(func(t *testing.T, asked, has string) {
		if strings.ContainsAny(asked, `,\|$`) || asked == "" || len(asked) > 2 && asked[0] >= 'a' {
			return // more than one value, or a prefix
		}
		compareNumbers(t, p, asked, has)
	})
}

// TestNumbersWithoutMeasure: numbers beyond what is kept exactly are found where they lie, and nowhere else.
func TestNumbersWithoutMeasure(t *testing.T) {
	p := newParams(t)
	long := "0." + strings.Repeat("3", 150)
	for has, tests := range map[string][2]string{
		"1e5000":               {"gt1e1000 ge9.99e1000 ne1 sa1e1000 gt0", "lt9.99e1000 le9.99e1000 9.99e1000 eb9.99e1000"},
		"-1e5000":              {"lt-1e1000 eb-9.99e1000 ne1 lt0", "gt-9.99e1000 ge-9.99e1000 -9.99e1000 sa-9.99e1000"},
		"1e999999999999999999": {"gt1e1000", "lt1e1000"},
		"1e-5000":              {"gt0 0 le1 lt1 ap0 eb1 sa-1", "lt0 1 sa1 gt1"},
		"-1e-5000":             {"lt0 0 ge-1 gt-1 sa-1 eb1", "gt0 -1 lt-1"},
		"1e-99999999999999999": {"gt0", "lt0"},
		long:                   {"gt0.333 lt0.334 0.333 0.3333333 sa0.333 eb0.3334 ne0.334", "lt0.333 gt0.334 0.334 ne0.333"},
		"-" + long:             {"lt-0.333 gt-0.334 -0.333", "gt-0.333 lt-0.334 -0.334"},
		"0e5000":               {"0 0.000 le0 ge0", "ne0 gt0 lt0"},
	} {
		r, err := fhir.ParseResource(fmt.Sprintf(`{"resourceType":"RiskAssessment","id":"1","prediction":[{"probabilityDecimal":%s}]}`, has), fhir.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		values := p.Values(r)
		for i, want := range []bool{true, false} {
			for _, test := range strings.Fields(tests[i]) {
				q, _, err := p.Parse("RiskAssessment", fhir.Params{{Name: "probability", Value: test}}, search.Options{})
				if err != nil {
					t.Fatal(test, err)
				}
				if got := search.Match(q.Where, r, values, nil); got != want {
					t.Errorf("%s matches %.20s: %v (%v)", test, has, got, values.Numbers)
				}
			}
		}
	}
}
