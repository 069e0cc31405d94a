package patient

import (
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// traits are what people are told apart by, folded.
type traits struct {
	identifiers []identifier
	families    []string
	givens      []string
	birthDate   string
	gender      string // "" also for unknown
	postalCodes []string
	phones      []phone
	emails      []email
}

type (
	identifier struct{ system, value string }
	phone      struct{ written, digits string }
	email      struct{ written, folded string }
)

func traitsOf(patient fhir.Element) *traits {
	t := &traits{birthDate: patient.Get("birthDate").Text(), gender: patient.Get("gender").Text()}
	if t.gender == "unknown" {
		t.gender = ""
	}
	for id := range patient.Each("identifier") {
		if one := (identifier{id.Get("system").Text(), id.Get("value").Text()}); one.system != "" && one.value != "" && id.Get("use").Text() != "temp" && !ofFamily(id) {
			t.identifiers = append(t.identifiers, one)
		}
	}
	for name := range patient.Each("name") {
		t.families = appendFolded(t.families, name.Get("family").Text())
		for given := range name.Each("given") {
			t.givens = appendFolded(t.givens, given.Text())
		}
	}
	for address := range patient.Each("address") {
		t.postalCodes = appendFolded(t.postalCodes, strings.ReplaceAll(address.Get("postalCode").Text(), " ", ""))
	}
	for contact := range patient.Each("telecom") {
		value := contact.Get("value").Text()
		switch contact.Get("system").Text() {
		case "phone", "sms":
			if digits := digitsOf(value); len(digits) >= 7 {
				t.phones = append(t.phones, phone{value, digits})
			}
		case "email":
			if strings.Contains(value, "@") {
				t.emails = append(t.emails, email{value, strings.ToLower(strings.TrimSpace(value))})
			}
		}
	}
	return t
}

// ofFamily reports whether an identifier is one that a family shares: the number of a member or subscriber of an insurance.
func ofFamily(id fhir.Element) bool {
	for coding := range id.Get("type").Each("coding") {
		if code := coding.Get("code").Text(); coding.Get("system").Text() == "http://terminology.hl7.org/CodeSystem/v2-0203" && (code == "MB" || code == "SN") {
			return true
		}
	}
	return false
}

func appendFolded(list []string, text string) []string {
	if folded := search.Fold(text); folded != "" && !slices.Contains(list, folded) {
		return append(list, folded)
	}
	return list
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// enough reports whether the traits can tell people apart.
func (t *traits) enough() bool {
	n := 0
	for _, there := range []bool{len(t.families)+len(t.givens) > 0, t.birthDate != "", len(t.phones) > 0, len(t.emails) > 0} {
		if there {
			n++
		}
	}
	return n >= 2 || len(t.identifiers) > 0
}

// score weighs what two have in common, in hundredths from 0 to 100. The weights are those of domain.md §6.1.
func (t *traits) score(other *traits) int {
	score := t.family(other) + t.given(other) + dates(t.birthDate, other.birthDate)
	switch {
	case t.gender == "" || other.gender == "":
	case t.gender == other.gender:
		score += 5
	default:
		score -= 10
	}
	if slices.ContainsFunc(t.postalCodes, func(code string) bool { return slices.Contains(other.postalCodes, code) }) {
		score += 8
	}
	if slices.ContainsFunc(t.phones, func(a phone) bool {
		return slices.ContainsFunc(other.phones, func(b phone) bool { return a.digits[len(a.digits)-7:] == b.digits[len(b.digits)-7:] })
	}) {
		score += 12
	}
	if slices.ContainsFunc(t.emails, func(a email) bool {
		return slices.ContainsFunc(other.emails, func(b email) bool { return a.folded == b.folded })
	}) {
		score += 10
	}
	return max(score, 0)
}

// conflicts reports whether both have a name or birth date and the two have nothing in common.
func (t *traits) conflicts(other *traits) bool {
	names := len(t.families) > 0 && len(other.families) > 0 && t.family(other) == 0 || len(t.givens) > 0 && len(other.givens) > 0 && t.given(other) == 0
	return names || t.birthDate != "" && other.birthDate != "" && dates(t.birthDate, other.birthDate) == 0 &&
		!strings.HasPrefix(t.birthDate, other.birthDate) && !strings.HasPrefix(other.birthDate, t.birthDate)
}

func (t *traits) family(other *traits) int {
	return best(t.families, other.families, func(a, b string) int {
		switch {
		case alike(a, b):
			return 20
		case phonetic(a) == phonetic(b):
			return 12
		}
		return 0
	})
}

func (t *traits) given(other *traits) int {
	return best(t.givens, other.givens, func(a, b string) int {
		switch {
		case alike(a, b):
			return 15
		case phonetic(a) == phonetic(b), nickname(a, b):
			return 9
		}
		return 0
	})
}

func best(list, others []string, score func(a, b string) int) (most int) {
	for _, a := range list {
		for _, b := range others {
			most = max(most, score(a, b))
		}
	}
	return most
}

// dates compares two dates of birth, as far as both are known to the day.
func dates(a, b string) int {
	switch {
	case len(a) != 10 || len(b) != 10:
		return 0
	case a == b:
		return 30
	case swappedDate(a) == b:
		return 15
	}
	differ := 0
	for i := range len(a) {
		if a[i] != b[i] {
			differ++
		}
	}
	if differ == 1 {
		return 10
	}
	return 0
}

// swappedDate is a date to the day with day and month in each other's place.
func swappedDate(date string) string { return date[:5] + date[8:10] + "-" + date[5:7] }
