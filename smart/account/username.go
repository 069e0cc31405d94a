package account

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxUsername bounds a username in characters.
const maxUsername = 64

// foldUsername is the form that usernames are compared in: case, and the ways to write the same letter, make no difference.
func foldUsername(name string) string {
	if len(name) > 8*maxUsername { // nobody has it
		name = name[:8*maxUsername]
	}
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(strings.TrimSpace(name))))
}

// checkUsername says what is wrong with a name that is to be given to a user.
func checkUsername(name string) error {
	if !utf8.ValidString(name) || name == "" {
		return refusef("a username is needed")
	}
	if utf8.RuneCountInString(name) > maxUsername {
		return refusef("a username has at most %d characters", maxUsername)
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._@+-", r) {
			return refusef("a username has letters, digits and the characters . _ @ + - in it, nothing else")
		}
	}
	return nil
}
