package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func wordsIn(text string) (words []string) {
	eachWord(text, func(word string) { words = append(words, word) })
	return words
}

func TestEachWord(t *testing.T) {
	for text, want := range map[string]string{
		"":                                    "",
		" \t.,;-*\"()":                        "",
		"Heart rate":                          "heart rate",
		"self-management, 10.5 mg/dL":         "self management 10 5 mg dl",
		"O'Neil O’Neil":                       "o neil o neil",
		"Müller MUELLER mu\u0308ller":         "muller mueller muller",
		"Straße İstanbul Łódź Ærø":            "strasse istanbul lodz aero",
		"co\u00adoperate a\u200db":            "cooperate ab",
		"naïve-ﬁg":                            "naive fig",
		"xé":                                  "xe",
		"abc é":                               "abc e",
		"糖尿病 patient":                         "糖 尿 病 patient",
		"カタカナ":                                "カ タ カ ナ",
		"пациент ΑΣΘΕΝΉΣ":                     "пациент ασθενησ",
		"ｆｕｌｌｗｉｄｔｈ １２":                        "fullwidth 12",
		"x² ½":                                "x2 1 2",
		"a\u00a0b\u2028c":                     "a b c",
		"_a__b_":                              "a b",
		"\u0080a\u0081":                       "a",
		"हिन्दी":                              "हिनदी",
		strings.Repeat("x", 70):               strings.Repeat("x", 64),
		strings.Repeat("x", 70) + "é":         strings.Repeat("x", 64),
		strings.Repeat("x", 63) + "яx yes":    strings.Repeat("x", 63) + " yes",
		strings.Repeat("é", 70) + " 1":        strings.Repeat("e", 64) + " 1",
		strings.Repeat("x", 64) + "y z":       strings.Repeat("x", 64) + " z",
		"\xff\xfe broken \xc3":                "broken",
		"The quick brown fox\nJumped":         "the quick brown fox jumped",
		"https://a.org/x?y=z#1 a@b.example.c": "https a org x y z 1 a b example c",
	} {
		if got := strings.Join(wordsIn(text), " "); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzEachWord: words are safe for any index, fit into it, and are the same when they are taken apart again.
func FuzzEachWord(f *testing.F) {
	for _, seed := range []string{"Heart rate", "Müller-Łódź", "糖尿病 é", "\xff", "ǅ ΐ ŉ ﷺ", "I\u0307"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, word := range wordsIn(text) {
			if word == "" || len(word) > maxWord || !utf8.ValidString(word) || strings.ContainsAny(word, " \"*\x00") {
				t.Fatalf("%q gives the word %q", text, word)
			}
			for i := range len(word) {
				if c := word[i]; c < utf8.RuneSelf && !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9') {
					t.Fatalf("%q gives the word %q", text, word)
				}
			}
			if again := wordsIn(word); len(again) != 1 || again[0] != word {
				t.Fatalf("%q gives the word %q, and that gives %q", text, word, again)
			}
			if strings.HasPrefix(word, narrativeMark) || strings.HasPrefix(word, presenceMark) {
				t.Fatalf("%q gives the marked word %q", text, word)
			}
		}
		if up := wordsIn(strings.ToUpper(text)); utf8.ValidString(text) && isASCII(text) && !slices.Equal(up, wordsIn(text)) {
			t.Fatalf("%q and its capitals differ: %q", text, up)
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}

func TestPlainText(t *testing.T) {
	for xhtml, want := range map[string]string{
		`<div xmlns="http://www.w3.org/1999/xhtml">a<b>b</b>c</div>`: "abc",
		`<div><p>one</p><p>two</p></div>`:                            "one two",
		`<table><tr><td>body</td><td>height</td></tr></table>`:       "body height",
		`a<br/>b<BR>c`: "a b c",
		`fish &amp; chips&nbsp;&#x41;&#66; &eacute;&lt;b&gt;`: "fish chips ab e b",
		`a<!-- hidden <b> --> b`:                              "a b",
		`<![CDATA[kept <as> it]]> is`:                         "kept as it is",
		`<img src="x.png" alt="a > b"/>after`:                 "after",
		`<a title='>' href="y">link</a>s`:                     "links",
		`<span>meta</span><i>stases</i>`:                      "metastases",
		`cut <p`:                                              "cut",
		`cut <!-- off`:                                        "cut",
		`<`:                                                   "",
		`2 &lt; 3`:                                            "2 3",
		`<div><h1>T</h1><ul><li>a</li><li>b</li></ul><sup>2</sup>x</div>`:    "t a b 2x",
		"<p>naïve</p><p>" + strings.Repeat("<span>deep</span> ", 2) + "</p>": "naive deep deep",
	} {
		if got := strings.Join(wordsIn(plainText(xhtml)), " "); got != want {
			t.Errorf("%s: %q, want %q", xhtml, got, want)
		}
	}
}
