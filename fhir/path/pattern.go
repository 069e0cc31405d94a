package path

import (
	"regexp"
	"regexp/syntax"
)

// pattern is a compiled regular expression and what one character of text costs it.
type pattern struct {
	re   *regexp.Regexp
	size int
}

// Bounds of a pattern: its text in bytes, and its program, which repetition makes larger than the text.
const (
	maxPattern = 2000
	maxProgram = 5000
)

// compilePattern reads a pattern: case-sensitive, '.' matches a line break ("single line" mode).
func compilePattern(text string, full bool, pos int) (*pattern, error) {
	if len(text) > maxPattern {
		return nil, faultAt(pos, "the regular expression is too long")
	}
	if full {
		text = `\A(?:` + text + `)\z`
	}
	text = "(?s)" + text
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, faultAt(pos, "the regular expression cannot be read (look-around and back references are not supported)")
	}
	size := programSize(tree)
	if size > maxProgram {
		return nil, faultAt(pos, "the regular expression repeats too much")
	}
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, faultAt(pos, "the regular expression cannot be read")
	}
	return &pattern{re, size}, nil
}

// programSize estimates the size of a program before repetitions are written out, which could take all memory.
func programSize(tree *syntax.Regexp) int {
	size := 1 + len(tree.Rune)/16
	for _, sub := range tree.Sub {
		size += programSize(sub)
	}
	if tree.Op == syntax.OpRepeat {
		size *= max(tree.Min, tree.Max, 1)
	}
	return min(size, maxProgram+1)
}
