package path

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// TestCompareNumbers sees that the quick comparison agrees with apd's.
func TestCompareNumbers(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		b := []byte{byte('1' + random.IntN(9))}
		for range n {
			b = append(b, byte('0'+random.IntN(10)))
		}
		return string(b)
	}
	for range 20_000 {
		make := func() string {
			s := digits(random.IntN(1 + random.IntN(20)))
			if random.IntN(2) == 0 {
				s += "." + strings.Repeat("0", random.IntN(3)) + digits(random.IntN(1+random.IntN(12)))
			}
			if random.IntN(2) == 0 {
				s = "-" + s
			}
			return s
		}
		a, b := make(), make()
		if random.IntN(4) == 0 {
			b = a
			if strings.Contains(b, ".") {
				b += "0"
			}
		}
		order, ok := compareNumbers(a, b)
		x, _ := parseDecimal(a)
		y, _ := parseDecimal(b)
		if !ok || order != x.Cmp(y) {
			t.Fatalf("%s and %s: %d", a, b, order)
		}
	}
}

// TestMoments sees that dates read here and by package fhir are ordered alike, and are written as they were read.
func TestMoments(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	two := func(from, n int) string { return strconv.Itoa(100 + from + random.IntN(n))[1:] }
	make := func() string {
		s := strconv.Itoa(1998 + random.IntN(4))
		n := random.IntN(6)
		if n > 0 {
			s += "-" + two(1, 12)
		}
		if n > 1 {
			s += "-" + two(1, 28)
		}
		if n > 2 {
			s += "T" + two(0, 24) + ":" + two(0, 60) + ":" + two(0, 60)
			if n > 4 {
				s += "." + strconv.Itoa(random.IntN(1000))
			}
			s += [...]string{"Z", "+05:30", "-11:00", "+14:00"}[random.IntN(4)]
		}
		return s
	}
	for range 20_000 {
		a, b := make(), make()
		x, y := Value{kind: SystemDateTime, text: a}, Value{kind: SystemDateTime, text: b}
		m, ok := x.moment()
		if !ok || m.text(SystemDateTime) != a {
			t.Fatalf("%s is written as %s", a, m.text(SystemDateTime))
		}
		order, ok := compareTemporal(&x, &y)
		p, _ := fhir.ParseTemporal(a, time.UTC)
		q, _ := fhir.ParseTemporal(b, time.UTC)
		// A date has no zone, so next to a dateTime it may be off by as much as zones are.
		slack := time.Duration(0)
		if (p.Precision <= fhir.Day) != (q.Precision <= fhir.Day) {
			slack = 14 * time.Hour
		}
		if ok && (order < 0 && !p.Low.Before(q.High.Add(slack)) || order > 0 && !q.Low.Before(p.High.Add(slack))) {
			t.Fatalf("%s and %s: %d", a, b, order)
		}
	}
}
