package search

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/fhir/r4"
)

// content walks through a resource and gives its texts.
type content struct {
	spec  *r4.Spec
	yield func(text string, narrative bool)
}

// texts calls yield with every text of a resource: its narrative, as XHTML, and the values of type string, markdown and code, wherever
// they stand, contained resources and extensions included. Ids, references and other addresses are no text, nor are the headers of a Subscription:
// they are secrets, and whoever finds by them knows them.
func (p *Params) texts(r *fhir.Resource, yield func(text string, narrative bool)) {
	c := &content{spec: p.spec, yield: yield}
	c.elements(r.Root(), p.spec.Type(r.Type()))
}

func (c *content) elements(e fhir.Element, typ *r4.Type) {
	if typ == nil {
		return
	}
	for property := e.First(); property.Exists(); property = property.Next() {
		name := property.Name()
		if known, ok := typ.Property(name); ok {
			if property.Kind() != fhir.Array {
				c.value(property, known, typ)
				continue
			}
			for item := property.First(); item.Exists(); item = item.Next() {
				c.value(item, known, typ)
			}
		} else if known, ok := typ.Property(strings.TrimPrefix(name, "_")); ok && known.Ref.Type.Kind == r4.Primitive {
			for item := range property.Items() { // the extensions of a primitive
				c.elements(item, c.spec.Type("Element"))
			}
		}
	}
}

func (c *content) value(e fhir.Element, property r4.Property, of *r4.Type) {
	switch typ := property.Ref.Type; typ.Kind {
	case r4.Primitive:
		switch typ.Name {
		case "xhtml":
			c.yield(e.Text(), true)
		case "string", "markdown", "code":
			if name := property.Element.Name; e.Kind() == fhir.String && name != "id" && (name != "reference" || of.Name != "Reference") && (name != "header" || of.Name != "Subscription.channel") {
				c.yield(e.Text(), false)
			}
		}
	case r4.Resource:
		c.elements(e, c.spec.Type(e.Get("resourceType").Text()))
	default:
		c.elements(e, typ)
	}
}

// A resource is indexed under the words of its texts, and under those of its narrative with a mark as well.
const (
	narrativeMark = "\u0080"
	presenceMark  = "\u0081"
)

// NarrativeWord is a word as Words gives it for a narrative; "" stands for having any.
func NarrativeWord(word string) string { return narrativeMark + word }

// AnyWord is among the Words of every resource that has words.
const AnyWord = presenceMark

// Words gives what a resource is to be found under by _text and _content: each word once, in order. They are made of
// 0-9, a-z and characters beyond ASCII. Engines keep them in an index of their own; Match looks at the resource.
func (p *Params) Words(r *fhir.Resource) []string { return strings.Fields(p.WordText(r)) }

// WordText gives the Words of a resource with a space between them.
func (p *Params) WordText(r *fhir.Resource) string {
	l := wordList{text: make([]byte, 0, 512), words: make([]placed, 0, 64)}
	var seen [maxSeen]string
	known := 0
	p.texts(r, func(text string, narrative bool) {
		switch {
		case narrative:
			l.addNarrative(plainText(text))
			return
		case slices.Contains(seen[:known], text):
			return
		case known < maxSeen:
			seen[known] = text
			known++
		}
		l.text = appendWords(l.text, text)
	})
	if len(l.text) == 0 {
		return ""
	}
	l.text = append(l.text, AnyWord+" "...)
	return l.join()
}

// maxSeen is how many texts are remembered to skip them when they come again: a concept mostly says the same as its code.
const maxSeen = 32

// wordList is a list of words in the making.
type wordList struct {
	text  []byte // each word with a space behind it
	words []placed
}

// placed is a word and where in the text it stands.
type placed struct {
	key      uint64
	from, to int32
}

func (l *wordList) addNarrative(text string) {
	first := len(l.text)
	l.text = appendWords(l.text, text)
	end := len(l.text)
	if end == first {
		return
	}
	l.text = append(l.text, narrativeMark...)
	for i := first; i < end; i++ {
		if l.text = append(l.text, l.text[i]); l.text[i] == ' ' && i+1 < end {
			l.text = append(l.text, narrativeMark...)
		}
	}
	l.text = append(l.text, narrativeMark+" "...)
}

// join sorts the words, leaves out those that come again, and puts a space between them.
func (l *wordList) join() string {
	from := 0
	for i, c := range l.text {
		if c == ' ' {
			l.words = append(l.words, placed{key: keyOf(l.text[from:i]), from: int32(from), to: int32(i)})
			from = i + 1
		}
	}
	text := func(w placed) []byte { return l.text[w.from:w.to] }
	slices.SortFunc(l.words, func(a, b placed) int {
		if a.key != b.key {
			return cmp.Compare(a.key, b.key)
		}
		return bytes.Compare(text(a), text(b))
	})
	var b strings.Builder
	b.Grow(len(l.text))
	for i, w := range l.words {
		if i > 0 {
			if before := l.words[i-1]; w.key == before.key && bytes.Equal(text(w), text(before)) {
				continue
			}
			b.WriteByte(' ')
		}
		b.Write(text(w))
	}
	return b.String()
}

// keyOf makes a number of the beginning of a word that sorts like it.
func keyOf(word []byte) (key uint64) {
	for i := range min(len(word), 8) {
		key |= uint64(word[i]) << (56 - 8*i)
	}
	return key
}
