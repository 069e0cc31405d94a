package search

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is how many bytes of a word count: what is longer is no word of a language.
const maxWord = 64

// eachWord gives the words of a text for full text search: see appendWords.
func eachWord(text string, yield func(word string)) {
	for word := range strings.SplitSeq(string(appendWords(nil, text)), " ") {
		if word != "" {
			yield(word)
		}
	}
}

// appendWords appends the words of a text, each with a space behind it, folded as strings are (see Fold): runs of letters and
// digits; what stands between them separates. Scripts that are written without spaces give a word for each character. A word is
// made of 0-9, a-z and letters beyond ASCII.
func appendWords(dst []byte, text string) []byte {
	n := 0 // bytes of the word so far
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		case c >= 0x80:
			return appendWordsBeyondASCII(dst[:len(dst)-min(n, maxWord)], text[i-n:])
		default:
			if n > 0 {
				dst, n = append(dst, ' '), 0
			}
			continue
		}
		if n++; n <= maxWord {
			dst = append(dst, c)
		}
	}
	if n > 0 {
		dst = append(dst, ' ')
	}
	return dst
}

func alphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func appendWordsBeyondASCII(dst []byte, text string) []byte {
	n, full := 0, false
	end := func() {
		if n > 0 {
			dst = append(dst, ' ')
		}
		n, full = 0, false
	}
	add := func(s string) {
		if full = full || n+len(s) > maxWord; !full {
			dst, n = append(dst, s...), n+len(s)
		}
	}
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf): // accents and joiners separate nothing
		case !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.Is(unicode.Mc, r):
			end()
		case spaceless(r):
			end()
			add(string(r))
			end()
		default:
			if r = unicode.ToLower(r); undecomposable(r) != "" {
				add(undecomposable(r))
			} else {
				add(string(r))
			}
		}
	}
	end()
	return dst
}

// spaceless reports whether a character is of a script that is written without spaces.
func spaceless(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
