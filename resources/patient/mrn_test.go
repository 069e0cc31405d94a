package patient_test

import (
	"testing"

	"andiron.dev/resources/number"
)

// FuzzRecordNumbers: every number that is given has a right check digit, and a slip of the pen shows: one wrong digit, or two that have changed
// places, but for 0 and 9, which the check cannot tell apart.
func FuzzRecordNumbers(f *testing.F) {
	for _, n := range []int64{1, 9, 10, 7992739, 99_999_999, 100_000_000, 1 << 40} {
		f.Add(n)
	}
	numbers := number.Records("o")
	f.Fuzz(func(t *testing.T, n int64) {
		if n < 1 {
			return
		}
		value := numbers.Identifier(n).Value
		if !number.ValidRecord(value) {
			t.Fatalf("%s is given and is not valid", value)
		}
		for i := range len(value) {
			for d := byte('0'); d <= '9'; d++ {
				wrong := value[:i] + string(d) + value[i+1:]
				if wrong != value && number.ValidRecord(wrong) {
					t.Errorf("%s passes for %s", wrong, value)
				}
			}
			if i == 0 {
				continue
			}
			a, b := value[i-1], value[i]
			swapped := value[:i-1] + string(b) + string(a) + value[i+1:]
			if a != b && a+b != '0'+'9' && number.ValidRecord(swapped) {
				t.Errorf("%s passes for %s", swapped, value)
			}
		}
	})
}
