package search_test

import (
	"testing"

	"andiron.dev/search"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"John":              "john",
		"  O'Neil-Smith \t": "oneilsmith",
		"Mary  Ann\nLee":    "mary ann lee",
		"Müller":            "muller",
		"MU\u0308LLER":      "muller",
		"Straße":            "strasse",
		"Łódź, Ørsted":      "lodz orsted",
		"ﬁne Ⅳ":             "fine iv",
		"東京":                "東京",
		"a—b":               "ab",
		"":                  "",
		"...":               "",
		"5.5+3":             "55+3",
	} {
		if got := search.Fold(text); got != want {
			t.Errorf("Fold(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzFold: folding twice changes nothing, and the fast path agrees with the general one.
func FuzzFold(f *testing.F) {
	f.Add("O'Neil Müller")
	f.Fuzz(func(t *testing.T, s string) {
		once := search.Fold(s)
		if twice := search.Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, again %q", s, once, twice)
		}
		ascii := true
		for i := range len(s) {
			ascii = ascii && s[i] < 0x80
		}
		if ascii && search.Fold(s+"é") != once+"e" && search.Fold(s+"é") != once+" e" {
			t.Errorf("ASCII %q folds to %q, with é to %q", s, once, search.Fold(s+"é"))
		}
	})
}
