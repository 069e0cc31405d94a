package proto_test

import "strings"

// wrongValues are literals that a primitive type must not have, besides those of the wrong JSON kind.
func wrongValues(typ string) []string {
	switch typ {
	case "integer":
		return []string{`1.0`, `1e3`, `2147483648`, `-2147483649`}
	case "positiveInt":
		return []string{`0`, `-1`, `1.5`, `2147483648`}
	case "unsignedInt":
		return []string{`-1`, `1.0`, `2147483648`}
	case "string":
		return []string{`"a\u0000b"`, `"a\u000bb"`}
	case "markdown":
		return []string{`"a\u0001b"`}
	case "code":
		return []string{`" a"`, `"a "`, `"a  b"`}
	case "id":
		return []string{`"a_b"`, `"a b"`, `"` + strings.Repeat("x", 65) + `"`}
	case "uri", "url", "canonical":
		return []string{`"a b"`, `"a\tb"`}
	case "oid":
		return []string{`"1.2.3"`, `"urn:oid:3.1"`, `"urn:oid:1.02"`, `"urn:oid:1"`}
	case "uuid":
		return []string{`"c757873d-ec9a-4326-a141-556f43239520"`, `"urn:uuid:C757873D-EC9A-4326-A141-556F43239520"`, `"urn:uuid:c757873d"`}
	case "date":
		return []string{`"2024-13"`, `"2024-02-30"`, `"24"`, `"2024-05-01T10:00:00Z"`, `"0000"`, `"-2024"`, `"2024-5-1"`, `"05/01/2024"`}
	case "dateTime":
		return []string{`"2024-05-01T10:00Z"`, `"2024-05-01T10:00:00"`, `"2024-05-01T24:00:00Z"`, `"2024-05-01T10:00:00+15:00"`, `"2024-02-30"`,
			`"2024-05-01 10:00:00Z"`, `"2024-05-01t10:00:00z"`, `"-2024"`, `"0000"`}
	case "instant":
		return []string{`"2024-05-01"`, `"2024-05-01T10:00:00"`, `"2024-05-01T10:00Z"`, `"2024-05-01T10:00:00.Z"`, `"-2024-05-01T10:00:00Z"`, `"2024-02-30T10:00:00Z"`}
	case "time":
		return []string{`"25:00:00"`, `"10:00"`, `"10:00:00Z"`, `"10:60:00"`, `"10:00:61"`}
	case "base64Binary":
		return []string{`"aGVsbG8"`, `"a==="`, `"a?=="`, `"aGVs=bG8"`}
	}
	return nil
}

// rightValues are unusual literals that a primitive type may have.
func rightValues(typ string) []string {
	switch typ {
	case "integer":
		return []string{`-2147483648`, `2147483647`, `0`, `-0`}
	case "positiveInt":
		return []string{`1`, `2147483647`}
	case "unsignedInt":
		return []string{`0`, `2147483647`}
	case "decimal":
		return []string{`0`, `-0.0`, `1.00`, `1e10`, `1E-10`, `-1.5`, `123456789012345678.123`}
	case "string":
		return []string{`"\t x \r\n"`, `"\u00e9\ud83d\ude00"`, `" "`}
	case "markdown":
		return []string{`"# x\n\n* y"`}
	case "code":
		return []string{`"a b"`, `"a\tb"`}
	case "id":
		return []string{`"."`, `"` + strings.Repeat("x", 64) + `"`}
	case "uri", "url", "canonical":
		return []string{`"x"`, `"urn:oid:1.2.3"`, `"%zz"`, `"http://[x"`}
	case "oid":
		return []string{`"urn:oid:0.0"`, `"urn:oid:2.16.840.1.113883"`}
	case "date":
		return []string{`"0001"`, `"9999-12-31"`, `"2024-02-29"`}
	case "dateTime":
		return []string{`"2024"`, `"2024-02-29T00:00:00-00:00"`, `"2024-05-01T10:00:00.123456789123+14:00"`, `"2016-12-31T23:59:60Z"`}
	case "instant":
		return []string{`"2024-05-01T10:00:00.1234567Z"`, `"2016-12-31T23:59:60Z"`}
	case "time":
		return []string{`"10:00:00.123456789"`, `"23:59:60"`}
	case "base64Binary":
		return []string{`"aGVs bG8="`, `"aGVs\nbG8="`, `" aGVsbG8= "`, `"aGV sbG8="`}
	}
	return nil
}

// wrongNarratives could run something in a browser, or are not well-formed.
func wrongNarratives() []string {
	return []string{"x", "<p>x</p>", "<div>x", "<div><script>x</script></div>", "<div onclick='x'>x</div>", "<div><a href='javascript:x'>x</a></div>",
		"<div><b>x</div></b>", "<div>&nbsp;</div>", "<div>x</div>y", "<div><!--><b>x</b>--></div>"}
}
