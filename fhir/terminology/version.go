package terminology

import (
	"cmp"
	"strings"

	"andiron.dev/fhir"
)

// Newer reports whether a is to be preferred to b, another version of the same definition: one in force to one that is not, then
// the higher version, the later date, the later change.
func Newer(a, b *fhir.Resource) bool {
	x, y := a.Root(), b.Root()
	return cmp.Or(
		cmp.Compare(inForce(x), inForce(y)),
		compareVersions(x.Get("version").Text(), y.Get("version").Text()),
		cmp.Compare(x.Get("date").Text(), y.Get("date").Text()),
		a.LastUpdated().Compare(b.LastUpdated()),
	) > 0
}

// inForce ranks http://hl7.org/fhir/publication-status.
func inForce(definition fhir.Element) int {
	switch definition.Get("status").Text() {
	case "active":
		return 3
	case "draft":
		return 2
	case "retired":
		return 0
	}
	return 1
}

// compareVersions compares business versions the way people count: digits as numbers, the rest as text. 1.10 comes after
// 1.9, and 2.0-beta before 2.0.
func compareVersions(a, b string) int {
	for a != "" && b != "" {
		x, restA := versionPart(a)
		y, restB := versionPart(b)
		if c := compareParts(x, y); c != 0 {
			return c
		}
		a, b = restA, restB
	}
	switch {
	case strings.HasPrefix(a, "-"):
		return -1
	case strings.HasPrefix(b, "-"):
		return 1
	}
	return cmp.Compare(len(a), len(b))
}

// versionPart cuts off the digits, or what is none, at the beginning.
func versionPart(s string) (part, rest string) {
	i := 1
	for i < len(s) && digit(s[i]) == digit(s[0]) {
		i++
	}
	return s[:i], s[i:]
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func compareParts(a, b string) int {
	if digit(a[0]) && digit(b[0]) {
		a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
	}
	return cmp.Compare(a, b)
}
