package ucum_test

import (
	"encoding/xml"
	"os"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"

	"andiron.dev/search/ucum"
)

// suite is the UCUM Functional Tests, all but those of display names, which this package has none of.
type suite struct {
	History []struct {
		Date string `xml:"date,attr"`
	} `xml:"history>entry"`
	Validation []struct {
		ID     string `xml:"id,attr"`
		Unit   string `xml:"unit,attr"`
		Valid  bool   `xml:"valid,attr"`
		Reason string `xml:"reason,attr"`
	} `xml:"validation>case"`
	Conversion []struct {
		ID      string `xml:"id,attr"`
		Value   string `xml:"value,attr"`
		From    string `xml:"srcUnit,attr"`
		To      string `xml:"dstUnit,attr"`
		Outcome string `xml:"outcome,attr"`
	} `xml:"conversion>case"`
	Multiplication []operation `xml:"multiplication>case"`
	Division       []operation `xml:"division>case"`
}

type operation struct {
	ID     string `xml:"id,attr"`
	V1     string `xml:"v1,attr"`
	U1     string `xml:"u1,attr"`
	V2     string `xml:"v2,attr"`
	U2     string `xml:"u2,attr"`
	Result string `xml:"vRes,attr"`
	Unit   string `xml:"uRes,attr"`
}

// wrongIn2014 are the cases of the edition of 18-June 2014 that contradict the specification, and why. That of 3-Feb 2021
// has put all of them right.
func wrongIn2014() map[string]string {
	return map[string]string{
		"1-103":   "the empty string is no code: the syntax (§10) demands a component, and the later edition says so",
		"k=1=049": "g.m/{hb}m2: an annotation ends a unit, and the operator must not be omitted (§7)",
		"3-111":   "6.3 s/m/mg are 6300 s.m-1.g-1",
		"3-115":   "s/4.m is (s/4).m, since operators apply from left to right (§7), and does not measure the same as s/m",
	}
}

// TestFunctional runs the official tests.
func TestFunctional(t *testing.T) {
	units := decode(t)
	for _, edition := range []struct {
		file, date string
		wrong      map[string]string
		cases      int
	}{
		{"testdata/UcumFunctionalTests.xml", "3-Feb 2021", nil, 564},
		{"../../../shared/data/ucum/UcumFunctionalTests.xml", "3-Feb 2021", nil, 564},
		{"../../../shared/data/ucum/UcumFunctionalTests.2.xml", "18-June 2014", wrongIn2014(), 556},
	} {
		t.Run(edition.file, func(t *testing.T) {
			text, err := os.ReadFile(edition.file)
			if err != nil && strings.Contains(edition.file, "shared") {
				t.Skip("SKIPPED: ../shared/data/ucum is not there; testdata has the later edition of these tests")
			}
			if err != nil {
				t.Fatal(err)
			}
			var s suite
			if err := xml.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if s.History[0].Date != edition.date {
				t.Errorf("the edition is that of %s", s.History[0].Date)
			}
			r := run{t: t, units: units, wrong: edition.wrong, seen: map[string]bool{}}
			r.validation(s)
			r.conversion(s)
			r.products(s)
			for id := range edition.wrong {
				if !r.seen[id] {
					t.Errorf("there is no case %s that is wrong", id)
				}
			}
			if r.cases != edition.cases {
				t.Errorf("%d cases, want %d", r.cases, edition.cases)
			}
		})
	}
}

type run struct {
	t     *testing.T
	units *ucum.Units
	wrong map[string]string
	seen  map[string]bool
	cases int
}

// check counts a case, and fails it if a right one has another outcome or a wrong one the outcome that is said to be wrong.
func (r *run) check(id string, asSaid bool, format string, args ...any) {
	r.t.Helper()
	r.cases++
	reason, wrong := r.wrong[id]
	if wrong {
		r.seen[id] = true
	}
	switch {
	case wrong && asSaid:
		r.t.Errorf("%s is as the tests have it, though that is said to be wrong: %s", id, reason)
	case !wrong && !asSaid:
		r.t.Errorf(id+": "+format, args...)
	}
}

func (r *run) validation(s suite) {
	for _, c := range s.Validation {
		err := r.units.Valid(c.Unit)
		r.check(c.ID, (err == nil) == c.Valid, "%s: %v, want valid %v (%s)", c.Unit, err, c.Valid, c.Reason)
	}
}

func (r *run) conversion(s suite) {
	for _, c := range s.Conversion {
		got, ok := r.units.Convert(number(r.t, c.Value), c.From, c.To)
		r.check(c.ID, ok && rounds(r.t, got, c.Outcome), "%s %s in %s is %s %v, want %s", c.Value, c.From, c.To, got, ok, c.Outcome)
	}
}

// products converts the product of two units, which has a code of its own, to the unit of the outcome.
func (r *run) products(s suite) {
	c := apd.BaseContext.WithPrecision(34)
	for _, o := range s.Multiplication {
		v := new(apd.Decimal)
		if _, err := c.Mul(v, number(r.t, o.V1), number(r.t, o.V2)); err != nil {
			r.t.Fatal(err)
		}
		r.operation(o, v, ".")
	}
	for _, o := range s.Division {
		v := new(apd.Decimal)
		if _, err := c.Quo(v, number(r.t, o.V1), number(r.t, o.V2)); err != nil {
			r.t.Fatal(err)
		}
		r.operation(o, v, "/")
	}
}

func (r *run) operation(o operation, value *apd.Decimal, operator string) {
	if o.Unit == "" {
		o.Unit = "1"
	}
	code := "(" + o.U1 + ")" + operator + "(" + o.U2 + ")"
	got, ok := r.units.Convert(value, code, o.Unit)
	r.check("product "+o.ID, ok && rounds(r.t, got, o.Result), "%s %s in %s is %s %v, want %s", value, code, o.Unit, got, ok, o.Result)
}

// rounds reports whether got, rounded to the digits that want has, is want.
func rounds(t *testing.T, got *apd.Decimal, want string) bool {
	t.Helper()
	w := number(t, want)
	r := new(apd.Decimal)
	if _, err := apd.BaseContext.WithPrecision(uint32(w.NumDigits())).Round(r, got); err != nil {
		t.Fatal(err)
	}
	return r.Cmp(w) == 0
}

func number(t testing.TB, text string) *apd.Decimal {
	t.Helper()
	d, _, err := apd.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func decode(t testing.TB) *ucum.Units {
	t.Helper()
	u, err := ucum.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return u
}
