package account

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// The policy of NIST SP 800-63B-4 §3.1.1: length and a list of what is guessed first, and no rules about which characters.
const (
	minAlone    = 15   // characters of a password that is the only factor
	minSecond   = 8    // characters of one beside a second factor
	maxPassword = 1024 // bytes, after normalisation
)

//go:embed blocklist.txt
var blocklist string

// checkPassword says what is wrong with a password that a user wants to have. second: there is a second factor.
func checkPassword(password, username string, second bool) error {
	if !utf8.ValidString(password) {
		return refusef("a password is text in UTF-8")
	}
	normal := norm.NFC.String(password)
	least := minAlone
	if second {
		least = minSecond
	}
	switch {
	case len(password) > maxPassword || len(normal) > maxPassword:
		return refusef("a password has at most %d bytes", maxPassword)
	case utf8.RuneCountInString(normal) < least && second:
		return refusef("a password has at least %d characters", least)
	case utf8.RuneCountInString(normal) < least:
		return refusef("a password has at least %d characters; four random words are one. With a second factor %d are enough", least, minSecond)
	case guessable(normal, username):
		return refusef("this password is among the first that are guessed; choose another")
	}
	return nil
}

// guessable reports whether a password is among the first that anybody tries: one of the commonest, the username, or a short one
// over and over.
func guessable(password, username string) bool {
	folded := cases.Fold().String(password)
	unit := period(folded)
	if utf8.RuneCountInString(unit) < 5 {
		return true
	}
	for _, common := range append(strings.Fields(blocklist), cases.Fold().String(norm.NFC.String(username)), "andiron") {
		if common != "" && (folded == common || unit == common || strings.Trim(folded, "0123456789!.?*#$ ") == common) {
			return true
		}
	}
	return false
}

// period is the shortest text that a text is a repetition of, the last time perhaps cut off.
func period(text string) string {
	for n := 1; n <= len(text)/2; n++ {
		if strings.HasPrefix(text[n:], text[:len(text)-n]) {
			return text[:n]
		}
	}
	return text
}
