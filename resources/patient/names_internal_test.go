package patient

import (
	"fmt"
	"testing"
)

func TestPhonetic(t *testing.T) {
	for name, want := range map[string]string{"robert": "r163", "rupert": "r163", "ashcraft": "a261", "tymczak": "t522", "pfister": "p236", "honeyman": "h555", "silva": "s410", "sylva": "s410", "李": "李", "": ""} {
		if got := phonetic(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestJaroWinkler(t *testing.T) {
	for _, test := range []struct{ a, b, want string }{{"martha", "marhta", "0.9611"}, {"dixon", "dicksonx", "0.8133"}, {"dwayne", "duane", "0.8400"}, {"a", "a", "1.0000"}, {"abc", "xyz", "0.0000"}, {"", "a", "0.0000"}, {"silva", "sylva", "0.8800"}} {
		if got := fmt.Sprintf("%.4f", jaroWinkler([]rune(test.a), []rune(test.b))); got != test.want {
			t.Errorf("%s and %s: %s, want %s", test.a, test.b, got, test.want)
		}
		if x, y := jaroWinkler([]rune(test.a), []rune(test.b)), jaroWinkler([]rune(test.b), []rune(test.a)); x != y {
			t.Errorf("%s and %s: %v one way, %v the other", test.a, test.b, x, y)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("silva", "sylva")
	f.Fuzz(func(t *testing.T, a, b string) {
		if v := jaroWinkler([]rune(a), []rune(b)); v < 0 || v > 1 {
			t.Errorf("%q %q: %v", a, b, v)
		}
		_ = phonetic(a)
	})
}
