package search

import (
	"fmt"
	"strings"
)

// Node is a node of a query's tree as people read it, without the values that are searched for.
type Node struct {
	Kind  string // "and", "token", "chain" …
	Text  string // "code:in=…"; "" where the parts say it all
	Parts []Node
}

// Tree is the tree of an expression.
func Tree(e Expr) Node {
	switch e := e.(type) {
	case And:
		return Node{Kind: "and", Parts: trees(e)}
	case Or:
		return Node{Kind: "or", Parts: trees(e)}
	case *Not:
		return Node{Kind: "not", Parts: []Node{Tree(e.Expr)}}
	case *Filter:
		return Node{Kind: "filter", Text: Redacted(e), Parts: []Node{Tree(e.Where)}}
	case *Named:
		return Node{Kind: "named", Text: Redacted(e), Parts: []Node{Tree(e.Where)}}
	case *Chain:
		n := Node{Kind: "chain", Text: e.Param.Code}
		for _, link := range e.Links {
			n.Parts = append(n.Parts, Node{Kind: "type", Text: link.Type, Parts: []Node{Tree(link.Where)}})
		}
		return n
	case *Has:
		return Node{Kind: "has", Text: e.Param.Resource + ":" + e.Param.Code, Parts: []Node{Tree(e.Where)}}
	case *Member:
		return Node{Kind: "compartment", Text: e.Of.Type, Parts: []Node{Tree(e.Where)}}
	}
	return Node{Kind: kindOf(e), Text: Redacted(e)}
}

func trees(list []Expr) []Node {
	nodes := make([]Node, len(list))
	for i, e := range list {
		nodes[i] = Tree(e)
	}
	return nodes
}

// kindOf is the name of an expression's type, with a small letter.
func kindOf(e Expr) string {
	name := fmt.Sprintf("%T", e)
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.ToLower(name[:1]) + name[1:]
}

// redacted stands for a value.
const redacted = "…"

// Redacted is an expression as it stands in a query, without values.
func Redacted(e Expr) string {
	join := func(list []Expr, between string) string {
		parts := make([]string, len(list))
		for i, part := range list {
			parts[i] = Redacted(part)
		}
		return strings.Join(parts, between)
	}
	switch e := e.(type) {
	case And:
		return join(e, "&")
	case Or:
		return "(" + join(e, " or ") + ")"
	case *Not:
		return "not (" + Redacted(e.Expr) + ")"
	case *Chain:
		name := e.Param.Code
		if e.Type != "" {
			name += ":" + e.Type
		}
		return name + "." + Redacted(e.Links[0].Where)
	case *Has:
		return "_has:" + e.Param.Resource + ":" + e.Param.Code + ":" + Redacted(e.Where)
	case *Member:
		return "in the compartment of a " + e.Of.Type
	}
	name, _, ok := strings.Cut(e.String(), "=")
	if !ok {
		return kindOf(e)
	}
	return name + "=" + redacted
}

// Redacted is the query as it stands in a URL, without values that are searched for.
func (q *Query) Redacted() string {
	open := *q
	open.Where, open.Parts, open.within = nil, nil, nil
	controls := strings.TrimPrefix(open.String(), open.path()+"?")
	where := []string{}
	for _, e := range q.written() {
		if text := Redacted(e); text != "" {
			where = append(where, text)
		}
	}
	path := q.Type
	if q.within != nil {
		if path == "" {
			path = "*"
		}
		path = q.within.Type + "/" + redacted + "/" + path
	}
	return path + "?" + strings.Join(append(where, controls), "&")
}
