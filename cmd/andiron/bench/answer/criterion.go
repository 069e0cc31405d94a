package answer

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// NameStarts matches a Patient of whom a part of a name, or a word of it, starts with the text: R4 compares without case
// and accents and leaves servers free to take names apart (http://hl7.org/fhir/R4/search.html#string).
func NameStarts(text string) func(*Resource) bool {
	return named(text, func(name []byte, at int) bool {
		before, _ := utf8.DecodeLastRune(name[:at])
		return at == 0 || !unicode.IsLetter(before)
	})
}

// NameContains matches a Patient of whom a part of a name has the text somewhere in it.
func NameContains(text string) func(*Resource) bool {
	return named(text, func([]byte, int) bool { return true })
}

// named looks for an ASCII text in the names, at the places that fit.
func named(text string, fits func(name []byte, at int) bool) func(*Resource) bool {
	wanted := []rune(strings.ToLower(text))
	return func(r *Resource) bool {
		for _, name := range r.Names {
			for at := range name {
				if utf8.RuneStart(name[at]) && begins(name[at:], wanted) && fits(name, at) {
					return true
				}
			}
		}
		return false
	}
}

// begins compares without case. A letter outside ASCII may fold to any letter and a combining accent to nothing: how is
// the server's matter, so both get the benefit of the doubt.
func begins(name []byte, wanted []rune) bool {
	for len(name) > 0 && len(wanted) > 0 {
		got, size := utf8.DecodeRune(name)
		name = name[size:]
		if unicode.Is(unicode.Mn, got) {
			continue
		}
		if got < utf8.RuneSelf && unicode.ToLower(got) != wanted[0] {
			return false
		}
		wanted = wanted[1:]
	}
	return len(wanted) == 0
}

// BirthDate matches a Patient whose birthDate stands in the relation of the prefix ("", eq, ne, lt, gt, le, ge) to a day,
// both being intervals (http://hl7.org/fhir/R4/search.html#prefix): a birthDate of "2007" is not eq2007-03-07, but it is
// both lt and gt. No birthDate matches nothing.
func BirthDate(prefix, day string) func(*Resource) bool {
	from, to, _ := interval([]byte(day))
	return func(r *Resource) bool {
		low, high, ok := interval(r.BirthDate)
		if !ok {
			return false
		}
		equal := !low.Before(from) && !high.After(to)
		switch prefix {
		case "", "eq":
			return equal
		case "ne":
			return !equal
		case "lt":
			return low.Before(from)
		case "gt":
			return high.After(to)
		case "le":
			return low.Before(from) || equal
		case "ge":
			return high.After(to) || equal
		}
		return false
	}
}

// interval gives the first day of a date and the day after its last one.
func interval(date []byte) (low, high time.Time, ok bool) {
	var err error
	switch text := string(date); len(text) {
	case len("2007"):
		low, err = time.Parse("2006", text)
		high = low.AddDate(1, 0, 0)
	case len("2007-03"):
		low, err = time.Parse("2006-01", text)
		high = low.AddDate(0, 1, 0)
	default:
		low, err = time.Parse(time.DateOnly, text)
		high = low.AddDate(0, 0, 1)
	}
	return low, high, err == nil
}

// PatientIs matches a resource whose subject or patient is the Patient of that id.
func PatientIs(id string) func(*Resource) bool {
	return func(r *Resource) bool { return RefersTo(r.Patient, "Patient", id) }
}
