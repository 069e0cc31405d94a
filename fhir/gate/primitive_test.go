package gate_test

import (
	"strings"
	"testing"

	"andiron.dev/fhir"
)

// primitives are literals at the limits of each type's format (http://hl7.org/fhir/R4/datatypes.html#primitive).
func primitives() map[string]struct{ right, wrong []string } {
	long := strings.Repeat("x", 64)
	return map[string]struct{ right, wrong []string }{
		"Boolean":     {[]string{`true`, `false`}, []string{`"true"`, `1`}},
		"Integer":     {[]string{`0`, `-0`, `-1`, `2147483647`, `-2147483648`}, []string{`2147483648`, `-2147483649`, `1.0`, `1e0`, `"1"`}},
		"UnsignedInt": {[]string{`0`, `2147483647`}, []string{`-1`, `2147483648`, `0.0`, `-0`}},
		"PositiveInt": {[]string{`1`, `2147483647`}, []string{`0`, `-1`, `2147483648`, `1.0`}},
		"Decimal":     {[]string{`0`, `-0`, `0.00`, `1e10`, `-1.50E-7`, `123456789012345678901234567890.5`}, []string{`"1"`, `true`}},
		"String":      {[]string{`" "`, `"\t\r\n"`, `"\u00e9"`, `"\ud83d\ude00"`, `"\u0080"`}, []string{`"\u0000"`, `"\u001f"`, `"\u000b"`, `1`}},
		"Markdown":    {[]string{`"# a\n\n- b"`, `"<b>"`}, []string{`"\u0008"`}},
		"Code":        {[]string{`"a"`, `"a b"`, `"a b c"`, `"a\tb"`, `"<="`}, []string{`" a"`, `"a "`, `"a  b"`, `"a \tb"`, `" "`, `"\n"`, `"a\u0001"`}},
		"Id":          {[]string{`"a"`, `"A-1.b"`, `"-"`, `"` + long + `"`}, []string{`"` + long + `x"`, `"a_b"`, `"a b"`, `"a/b"`, `"\u00e9"`}},
		"Uri":         {[]string{`"a"`, `"urn:oid:1.2"`, `"http://a/b?c#d"`, `"\u00e9"`, `"#"`}, []string{`"a b"`, `" a"`, `"a\n"`, `"\u0000"`}},
		"Url":         {[]string{`"http://a"`, `"ftp://a"`}, []string{`"http://a b"`}},
		"Canonical":   {[]string{`"http://a|1.0"`, `"http://a#b"`}, []string{`"http://a |1"`}},
		"Oid":         {[]string{`"urn:oid:0.0"`, `"urn:oid:1.2"`, `"urn:oid:2.999.10"`}, []string{`"urn:oid:3.1"`, `"urn:oid:1"`, `"urn:oid:1.02"`, `"urn:oid:1..2"`, `"1.2"`}},
		"Uuid": {[]string{`"urn:uuid:00000000-0000-0000-0000-000000000000"`}, []string{`"urn:uuid:00000000-0000-0000-0000-00000000000"`,
			`"urn:uuid:00000000-0000-0000-0000-0000000000000"`, `"urn:uuid:0000000A-0000-0000-0000-000000000000"`, `"00000000-0000-0000-0000-000000000000"`}},
		"Date": {[]string{`"0001"`, `"9999"`, `"2024-01"`, `"2024-12"`, `"2024-02-29"`, `"2000-02-29"`, `"9999-12-31"`},
			[]string{`"0000"`, `"2024-00"`, `"2024-13"`, `"2023-02-29"`, `"1900-02-29"`, `"2024-04-31"`, `"2024-01-00"`, `"2024-1"`, `"20240101"`, `"2024-01-01T00:00:00Z"`, `"12024"`}},
		"DateTime": {[]string{`"2024"`, `"2024-05"`, `"2024-05-01"`, `"2024-05-01T00:00:00Z"`, `"2024-05-01T23:59:60Z"`, `"2024-05-01T10:00:00+14:00"`,
			`"2024-05-01T10:00:00-13:59"`, `"2024-05-01T10:00:00-00:00"`, `"2024-05-01T10:00:00.0Z"`, `"2024-05-01T10:00:00.12345678901234567890Z"`},
			[]string{`"2024-05-01T24:00:00Z"`, `"2024-05-01T10:00Z"`, `"2024-05-01T10Z"`, `"2024-05-01T10:00:00"`, `"2024-05-01T10:00:00+14:01"`,
				`"2024-05-01T10:00:00+1:00"`, `"2024-05-01T10:00:00+0100"`, `"2024-05-01T10:00:61Z"`, `"2024-05-01T10:60:00Z"`, `"2024-05Z"`, `"2024-05-01Z"`}},
		"Instant": {[]string{`"2024-05-01T10:00:00Z"`, `"2024-05-01T10:00:00.000001+02:00"`, `"2024-05-01T10:00:00.123456789123Z"`, `"0001-01-01T00:00:00Z"`},
			[]string{`"2024-05-01"`, `"2024-05-01T10:00Z"`, `"2024-05-01T10:00:00"`, `"2024-05-01T10:00:00."`, `"2024-05-01T10:00:00.Z"`, `"2024-02-30T10:00:00Z"`}},
		"Time": {[]string{`"00:00:00"`, `"23:59:60"`, `"12:30:00.000000001"`}, []string{`"24:00:00"`, `"12:60:00"`, `"12:30:61"`, `"12:30"`, `"12:30:00Z"`, `"12:30:00."`}},
		"Base64Binary": {[]string{`"YQ=="`, `"YWI="`, `"YWJj"`, `" YWJj\n YWJj \t"`, `"Y W J j"`, `"+/+/"`},
			[]string{`"Y"`, `"YQ"`, `"YQ="`, `"Y==="`, `"===="`, `"YQ==YQ=="`, `"YW-_"`, `" "`}},
	}
}

func TestPrimitivesAtTheirLimits(t *testing.T) {
	g := newGate(t)
	table := primitives()
	if len(table)+1 != 20 { // xhtml has tests of its own
		t.Errorf("%d primitive types, R4 has 20", len(table)+1)
	}
	check := func(typ, literal string) *fhir.Outcome {
		text := `{"resourceType":"Parameters","parameter":[{"name":"x","value` + typ + `":` + literal + `}]}`
		_, err := g.Parse(text, fhir.DefaultLimits())
		return fhir.AsOutcome(err)
	}
	for typ, c := range table {
		for _, literal := range c.right {
			if o := check(typ, literal); o != nil {
				t.Errorf("%s %s: %v", typ, literal, o)
			}
		}
		for _, literal := range c.wrong {
			if o := check(typ, literal); o == nil || len(o.Issues) != 1 || o.Code() != fhir.Value || o.Issues[0].Expression[0] != "Parameters.parameter[0].value"+typ {
				t.Errorf("%s %s: %v, want one issue", typ, literal, o)
			}
		}
	}
}

// http://hl7.org/fhir/R4/datatypes.html#string: 1 MiB. base64Binary and xhtml have no limit of their own.
func TestLongStrings(t *testing.T) {
	g := newGate(t)
	for _, c := range []struct {
		property string
		length   int
		valid    bool
	}{
		{"valueString", 1 << 20, true}, {"valueString", 1<<20 + 1, false}, {"valueMarkdown", 1<<20 + 1, false}, {"valueBase64Binary", 1<<20 + 4, true},
	} {
		text := `{"resourceType":"Parameters","parameter":[{"name":"x","` + c.property + `":"` + strings.Repeat("x", c.length) + `"}]}`
		if _, err := g.Parse(text, fhir.DefaultLimits()); (err == nil) != c.valid {
			t.Errorf("%s of %d: %v", c.property, c.length, err)
		}
	}
}
