package search

import (
	"encoding/json"
	"strings"
)

// filterNode is a part of a filter as it is written: a filterLogic, filterNot or filterTest.
type filterNode interface {
	write(b *strings.Builder)
	depth() int
}

// filterLogic joins parts with one operator. "and" and "or" bind alike and from left to right
// (http://hl7.org/fhir/R4/search_filter.html): in "a or b and c" the first part of the and is the or.
type filterLogic struct {
	operator string // "and", "or"
	parts    []filterNode
}

type filterNot struct{ part filterNode }

// filterTest compares what a path leads to with a value.
type filterTest struct {
	path     []filterStep
	operator string
	value    filterValue
}

// filterStep is a parameter within a path: "subject[active eq true]" of "subject[active eq true].name".
type filterStep struct {
	name   string
	within filterNode // nil = none
}

type filterValue struct {
	text   string
	quoted bool
}

func filterText(n filterNode) string {
	var b strings.Builder
	n.write(&b)
	return b.String()
}

func (n *filterLogic) write(b *strings.Builder) {
	for i, part := range n.parts {
		if i > 0 {
			b.WriteString(" " + n.operator + " ")
		}
		// What stands first needs no parentheses: it is read first anyway.
		if inner, ok := part.(*filterLogic); ok && (i > 0 || inner.operator == n.operator) {
			b.WriteByte('(')
			inner.write(b)
			b.WriteByte(')')
		} else {
			part.write(b)
		}
	}
}

func (n *filterLogic) depth() int {
	deepest := 0
	for _, part := range n.parts {
		deepest = max(deepest, part.depth())
	}
	return deepest + 1
}

func (n *filterNot) depth() int { return n.part.depth() + 1 }

func (n *filterTest) depth() int {
	deepest := 0
	for _, step := range n.path {
		if step.within != nil {
			deepest = max(deepest, step.within.depth())
		}
	}
	return deepest + 1
}

func (n *filterNot) write(b *strings.Builder) {
	b.WriteString("not (")
	n.part.write(b)
	b.WriteByte(')')
}

func (n *filterTest) write(b *strings.Builder) {
	for i, step := range n.path {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step.name)
		if step.within != nil {
			b.WriteByte('[')
			step.within.write(b)
			b.WriteByte(']')
		}
	}
	b.WriteString(" " + n.operator + " ")
	if n.value.quoted {
		b.WriteString(quoteFilter(n.value.text))
	} else {
		b.WriteString(n.value.text)
	}
}

// quoteFilter writes a JSON string, and leaves alone what JSON need not escape.
func quoteFilter(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // of a string into memory
	return strings.TrimSuffix(b.String(), "\n")
}
