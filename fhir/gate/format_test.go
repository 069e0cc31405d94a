package gate_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"andiron.dev/fhir"
)

// formats are the regular expressions of R4's StructureDefinitions for primitive types. Those of string and markdown leave control
// characters to the text, that of base64Binary allows '=' anywhere and white space between groups only, which readers
// should ignore everywhere (RFC 4648); the three are left out.
func formats() map[string]string {
	const (
		year = `([0-9]([0-9]([0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)`
		day  = `(0[1-9]|[1-2][0-9]|3[0-1])`
		time = `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`
		zone = `(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))`
	)
	return map[string]string{
		"Integer": `-?([0]|([1-9][0-9]*))`, "UnsignedInt": `[0]|([1-9][0-9]*)`, "PositiveInt": `[1-9][0-9]*`,
		"Decimal": `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`,
		"Code":    `[^\s]+(\s[^\s]+)*`, "Id": `[A-Za-z0-9\-\.]{1,64}`, "Uri": `\S*`, "Url": `\S*`, "Canonical": `\S*`,
		"Oid": `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`, "Uuid": `urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`,
		"Date":     year + `(-(0[1-9]|1[0-2])(-` + day + `)?)?`,
		"DateTime": year + `(-(0[1-9]|1[0-2])(-` + day + `(T` + time + zone + `)?)?)?`,
		"Instant":  year + `-(0[1-9]|1[0-2])-` + day + `T` + time + zone,
		"Time":     time,
	}
}

// official says what the specification says about a literal.
func official(typ, value string, format *regexp.Regexp) bool {
	if !format.MatchString(value) || strings.ContainsFunc(value, func(r rune) bool { return r < 0x20 && !strings.ContainsRune("\t\n\r", r) }) {
		return false
	}
	switch typ {
	case "Integer", "UnsignedInt", "PositiveInt": // 32 bits
		digits := strings.TrimPrefix(value, "-")
		return len(digits) < 10 || len(digits) == 10 && (digits <= "2147483647" || typ == "Integer" && value == "-2147483648")
	case "Date", "DateTime", "Instant": // a day of the calendar
		if day, _, _ := strings.Cut(value, "T"); len(day) == len(time.DateOnly) {
			_, err := time.Parse(time.DateOnly, day)
			return err == nil
		}
	}
	return true
}

// FuzzFormats compares the gate with the official regular expressions.
func FuzzFormats(f *testing.F) {
	for typ, c := range primitives() {
		for _, literal := range append(c.right, c.wrong...) {
			var text string
			if json.Unmarshal([]byte(literal), &text) != nil {
				text = literal
			}
			f.Add(typ, text)
		}
	}
	g := newGate(f)
	compiled := map[string]*regexp.Regexp{}
	for typ, format := range formats() {
		compiled[typ] = regexp.MustCompile(`^(` + format + `)$`)
	}
	f.Fuzz(func(t *testing.T, typ, value string) {
		format := compiled[typ]
		value = strings.ToValidUTF8(value, "")
		if format == nil || value == "" {
			return
		}
		literal := value
		switch typ {
		case "Integer", "UnsignedInt", "PositiveInt", "Decimal":
			if strings.ContainsAny(value, " \t\r\n") || value[0] != '-' && (value[0] < '0' || value[0] > '9') {
				return // not a number of JSON
			}
		default:
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			literal = string(text)
		}
		_, err := g.Parse(`{"resourceType":"Parameters","parameter":[{"name":"x","value`+typ+`":`+literal+`}]}`, fhir.DefaultLimits())
		if want := official(typ, value, format); (err == nil) != want {
			t.Fatalf("%s %q: the specification says %v, the gate %v", typ, value, want, err)
		}
	})
}
