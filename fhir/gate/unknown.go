package gate

import (
	"strings"
	"unicode/utf8"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// unknown reports a property that the type does not have, with what the sender may have meant.
func (c *checker) unknown(p fhir.Element, typ *r4.Type) {
	if c.full() {
		return
	}
	name := strings.TrimPrefix(p.Name(), "_")
	bare := strings.TrimSuffix(name, "[x]")
	var hint string
	var names []string
	for _, element := range typ.Elements {
		if element.Choice && startsChoice(bare, element.Name) {
			hint = choiceHint(bare, element)
		}
		for i := range element.Types {
			names = append(names, element.Types[i].Name)
		}
	}
	if meant := didYouMean(name, names); meant != "" {
		hint = meant
	}
	c.report(p, fhir.Structure, "'"+clip(p.Name())+"' is not an element of "+typ.Name+hint)
}

// startsChoice reports whether name is that of a choice with something, or nothing, after it.
func startsChoice(name, choice string) bool {
	rest, ok := strings.CutPrefix(name, choice)
	return ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z')
}

// choiceHint spells the property names of a choice, where they are few enough to be read.
func choiceHint(name string, element *r4.Element) string {
	if len(element.Types) > 12 {
		if name == element.Name {
			return "; the type belongs in the name, as in '" + element.Types[0].Name + "'"
		}
		return ""
	}
	var names []string
	for i := range element.Types {
		names = append(names, element.Types[i].Name)
	}
	return "; " + element.Name + "[x] is one of " + strings.Join(names, ", ")
}

// clip shortens a name that stands in a message.
func clip(name string) string {
	const longest = 64
	if len(name) <= longest {
		return name
	}
	end := longest
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end] + "…"
}

// didYouMean finds the name that was probably meant: JSON names are case-sensitive, and a wrong case is the usual slip; then
// come one or two wrong letters. The names come from the specification, so the answer repeats nothing that was sent.
func didYouMean(name string, names []string) string {
	best, least := "", 1+min(2, len(name)/4)
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return "; did you mean '" + n + "'?"
		}
		if d := distance(name, n, least); d < least {
			best, least = n, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean '" + best + "'?"
}

// distance is the number of letters to insert, delete, replace or swap with their neighbour to get from a to b, or limit where it is
// that or more.
func distance(a, b string, limit int) int {
	if len(a) > 64 || len(b) > 66 || len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	var rows [3][67]int
	before, last, row := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit)
}
