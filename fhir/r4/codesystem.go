package r4

import (
	"iter"
	"strings"
)

// CodeSystem is a code system from which the value sets of required bindings draw. It is complete: the codes that it does not
// have, R4 does not have.
type CodeSystem struct {
	URL   string
	table string // the lines of its concepts; few of them are ever read
}

// Concepts yields the codes in the order of definition, each with the code that subsumes it directly, "" at the top of the
// hierarchy: a code comes after those above it.
func (c *CodeSystem) Concepts() iter.Seq2[string, string] {
	return func(yield func(code, parent string) bool) {
		l := &lines{rest: c.table}
		var above []string // the code of each depth on the way here
		for l.next() {
			depth := min(l.depth-1, len(above))
			above = append(above[:depth], l.fields[0])
			parent := ""
			if depth > 0 {
				parent = above[depth-1]
			}
			if !yield(l.fields[0], parent) {
				return
			}
		}
	}
}

// decodeCodeSystems finds out where each code system stands in the table.
func (d *decoder) decodeCodeSystems(t tables) error {
	d.spec.codeSystems = make(map[string]*CodeSystem, heads(t.codeSystems))
	l := &lines{file: "codesystems.tsv", rest: t.codeSystems}
	for l.next() {
		if l.depth != 0 {
			return l.errorf("code of no code system")
		}
		end := 0
		for end < len(l.rest) && l.rest[end] == '\t' {
			if next := strings.IndexByte(l.rest[end:], '\n'); next >= 0 {
				end += next + 1
			} else {
				end = len(l.rest)
			}
		}
		d.spec.codeSystems[l.fields[0]] = &CodeSystem{URL: l.fields[0], table: l.rest[:end]}
		l.number += strings.Count(l.rest[:end], "\n")
		l.rest = l.rest[end:]
	}
	return nil
}
