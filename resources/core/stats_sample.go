package core

import (
	"slices"

	"github.com/cockroachdb/apd/v3"
)

// statisticName is what a code of the code system observation-statistics is called; "" for what is none of those that are served.
func statisticName(code string) string {
	switch code {
	case "average":
		return "Average"
	case "maximum":
		return "Maximum"
	case "minimum":
		return "Minimum"
	case "count":
		return "Count"
	case "total-count":
		return "Total Count"
	case "median":
		return "Median"
	case "std-dev":
		return "Standard Deviation"
	case "sum":
		return "Sum"
	case "variance":
		return "Variance"
	case "20-percent":
		return "20th Percentile"
	case "80-percent":
		return "80th Percentile"
	case "4-lower":
		return "Lower Quartile"
	case "4-upper":
		return "Upper Quartile"
	case "4-dev":
		return "Quartile Deviation"
	case "5-1":
		return "1st Quintile"
	case "5-2":
		return "2nd Quintile"
	case "5-3":
		return "3rd Quintile"
	case "5-4":
		return "4th Quintile"
	case "skew":
		return "Skew"
	case "kurtosis":
		return "Kurtosis"
	}
	return ""
}

// sample is values in their order, and how exactly they are known.
type sample struct {
	sorted []*apd.Decimal
	c      *apd.ErrDecimal
	places int32 // after the point in what is answered
}

// extraPlaces is how many digits an answer has beyond the values: enough for a standard deviation, and no more than they bear.
const extraPlaces = 4

func newSample(numbers []*apd.Decimal) *sample {
	context := apd.BaseContext.WithPrecision(50)
	arithmetic := apd.MakeErrDecimal(context)
	s := &sample{sorted: slices.Clone(numbers), c: &arithmetic}
	slices.SortFunc(s.sorted, func(a, b *apd.Decimal) int { return a.Cmp(b) })
	for _, n := range numbers {
		s.places = max(s.places, -n.Exponent)
	}
	s.places = min(s.places, 20) + extraPlaces
	return s
}

func (s *sample) int(n int) *apd.Decimal { return apd.New(int64(n), 0) }

func (s *sample) sum() *apd.Decimal {
	sum := new(apd.Decimal)
	for _, v := range s.sorted {
		s.c.Add(sum, sum, v)
	}
	return sum
}

func (s *sample) mean() *apd.Decimal {
	return s.over(s.sum(), s.int(len(s.sorted)))
}

func (s *sample) over(a, b *apd.Decimal) *apd.Decimal {
	q := new(apd.Decimal)
	s.c.Quo(q, a, b)
	return q
}

func (s *sample) times(list ...*apd.Decimal) *apd.Decimal {
	product := s.int(1)
	for _, v := range list {
		s.c.Mul(product, product, v)
	}
	return product
}

// moment is the sum of a power of the distances from the mean.
func (s *sample) moment(power int) *apd.Decimal {
	sum, mean := new(apd.Decimal), s.mean()
	for _, v := range s.sorted {
		distance, one := new(apd.Decimal), s.int(1)
		s.c.Sub(distance, v, mean)
		for range power {
			s.c.Mul(one, one, distance)
		}
		s.c.Add(sum, sum, one)
	}
	return sum
}

// variance is that of a sample: over n - 1.
func (s *sample) variance() *apd.Decimal { return s.over(s.moment(2), s.int(len(s.sorted)-1)) }

func (s *sample) root(v *apd.Decimal) *apd.Decimal {
	r := new(apd.Decimal)
	s.c.Sqrt(r, v)
	return r
}

// quantile is where percent of the values are below, between two of them in proportion.
func (s *sample) quantile(percent int) *apd.Decimal {
	at := (len(s.sorted) - 1) * percent
	low, rest := at/100, at%100
	v := new(apd.Decimal).Set(s.sorted[low])
	if rest > 0 {
		step := new(apd.Decimal)
		s.c.Sub(step, s.sorted[low+1], v)
		s.c.Add(v, v, s.over(s.times(step, s.int(rest)), s.int(100)))
	}
	return v
}

// statistic works out a statistic as a decimal literal; ok is false where there are too few values for it.
func (s *sample) statistic(name string) (literal string, ok bool) {
	n := len(s.sorted)
	var v *apd.Decimal
	switch {
	case n == 0:
		return "", false
	case name == "average":
		v = s.mean()
	case name == "maximum":
		v = s.sorted[n-1]
	case name == "minimum":
		v = s.sorted[0]
	case name == "sum":
		v = s.sum()
	case name == "median":
		v = s.quantile(50)
	case name == "20-percent", name == "5-1":
		v = s.quantile(20)
	case name == "5-2":
		v = s.quantile(40)
	case name == "5-3":
		v = s.quantile(60)
	case name == "80-percent", name == "5-4":
		v = s.quantile(80)
	case name == "4-lower":
		v = s.quantile(25)
	case name == "4-upper":
		v = s.quantile(75)
	case name == "4-dev":
		v = new(apd.Decimal)
		s.c.Sub(v, s.quantile(75), s.quantile(25))
		v = s.over(v, s.int(2))
	case n < 2:
		return "", false
	case name == "variance":
		v = s.variance()
	case name == "std-dev":
		v = s.root(s.variance())
	default:
		if v = s.shape(name); v == nil {
			return "", false
		}
	}
	return s.literal(v)
}

// shape is the skew and the kurtosis of a sample, adjusted for its size; of the latter the excess over that of a normal distribution.
func (s *sample) shape(name string) *apd.Decimal {
	n := len(s.sorted)
	square := s.moment(2)
	if square.IsZero() {
		return nil
	}
	switch {
	case name == "skew" && n >= 3:
		variance := s.variance()
		cube := s.times(variance, s.root(variance))
		return s.over(s.times(s.int(n), s.moment(3)), s.times(s.int(n-1), s.int(n-2), cube))
	case name == "kurtosis" && n >= 4:
		variance := s.variance()
		a := s.over(s.times(s.int(n), s.int(n+1), s.moment(4)), s.times(s.int(n-1), s.int(n-2), s.int(n-3), variance, variance))
		b := s.over(s.times(s.int(3), s.int(n-1), s.int(n-1)), s.times(s.int(n-2), s.int(n-3)))
		excess := new(apd.Decimal)
		s.c.Sub(excess, a, b)
		return excess
	}
	return nil
}

// literal writes a number rounded half away from zero, without zeros at its end.
func (s *sample) literal(v *apd.Decimal) (string, bool) {
	rounded := new(apd.Decimal)
	if -v.Exponent > s.places {
		context := apd.BaseContext.WithPrecision(200)
		context.Rounding = apd.RoundHalfUp
		if _, err := context.Quantize(rounded, v, -s.places); err != nil {
			return "", false
		}
	} else {
		rounded.Set(v)
	}
	if s.c.Err() != nil {
		return "", false
	}
	if rounded.IsZero() {
		return "0", true
	}
	rounded.Reduce(rounded)
	return rounded.Text('f'), true
}
