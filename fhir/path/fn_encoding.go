package path

import (
	"encoding/base64"
	"encoding/hex"
	"html"
	"strings"
	"unicode/utf8"
)

// encodingFunction finds encode(), decode(), escape() and unescape(), which R4's tests take from the release after N1
// (http://hl7.org/fhirpath/#additional-string-functions). An unknown format gives nothing.
func encodingFunction(name string) (function, bool) {
	f := function{min: 1, max: 1, result: resultString}
	switch name {
	case "encode":
		f.eval = recode(encode)
	case "decode":
		f.eval = recode(decode)
	case "escape":
		f.eval = recode(escapeAs)
	case "unescape":
		f.eval = recode(unescapeAs)
	default:
		return f, false
	}
	return f, true
}

func recode(f func(s, format string) (string, bool)) func(*Evaluator, *call, int) error {
	return onText(func(ev *Evaluator, s string, args []string) error {
		if err := ev.produce(2 * len(s)); err != nil {
			return err
		}
		text, ok := f(s, args[0])
		if !ok {
			return nil
		}
		return ev.pushText(text)
	})
}

func encode(s, format string) (string, bool) {
	switch format {
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(s)), true
	case "urlbase64":
		return base64.URLEncoding.EncodeToString([]byte(s)), true
	case "hex":
		return hex.EncodeToString([]byte(s)), true
	}
	return "", false
}

func decode(s, format string) (string, bool) {
	var b []byte
	var err error
	switch format {
	case "base64":
		b, err = base64.StdEncoding.DecodeString(s)
	case "urlbase64":
		b, err = base64.URLEncoding.DecodeString(s)
	case "hex":
		b, err = hex.DecodeString(s)
	default:
		return "", false
	}
	return string(b), err == nil && utf8.Valid(b)
}

func escapeAs(s, format string) (string, bool) {
	switch format {
	case "html":
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s), true
	case "json":
		var b strings.Builder
		writeQuoted(&b, s, '"')
		quoted := b.String()
		return quoted[1 : len(quoted)-1], true
	}
	return "", false
}

func unescapeAs(s, format string) (string, bool) {
	switch format {
	case "html":
		return html.UnescapeString(s), true
	case "json":
		l := lexer{src: s}
		var b strings.Builder
		for l.pos < len(s) {
			if s[l.pos] != '\\' {
				b.WriteByte(s[l.pos])
				l.pos++
			} else if l.escape(&b) != nil {
				return "", false
			}
		}
		return b.String(), true
	}
	return "", false
}
