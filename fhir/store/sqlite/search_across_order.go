package sqlite

import (
	"bytes"
	"cmp"
	"strings"

	"andiron.dev/search"
)

// found is a match without its text.
type found struct {
	rid  int64
	keys []keyValue
}

// compareFound compares matches as their keys come in the order: as SQLite would, those without a value last.
func compareFound(x, y found, rules []search.Sort) int {
	for i, rule := range rules {
		order := compareKeys(x.keys[i], y.keys[i])
		if rule.Descending && !x.keys[i].Null && !y.keys[i].Null {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	return cmp.Compare(x.rid, y.rid)
}

func compareKeys(x, y keyValue) int {
	switch {
	case x.Null || y.Null:
		return compareBool(x.Null, y.Null)
	case x.Int != nil && y.Int != nil:
		return cmp.Compare(*x.Int, *y.Int)
	case x.Text != nil && y.Text != nil:
		return strings.Compare(*x.Text, *y.Text)
	}
	return bytes.Compare(x.Blob, y.Blob)
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}
