package r4

import (
	"fmt"
	"strconv"
	"strings"
)

// maxFields is the number of columns of the widest table, search parameters.
const maxFields = 8

// lines walks over a table: what fields hold are substrings of it.
type lines struct {
	file, rest string
	number     int
	depth      int // how far the line is indented: what it belongs to is above it
	fields     [maxFields]string
}

// next goes to the next line that is no comment. Fields that the line does not have are "".
func (l *lines) next() bool {
	for l.rest != "" {
		var line string
		line, l.rest, _ = strings.Cut(l.rest, "\n")
		l.number++
		if line == "" || line[0] == '#' {
			continue
		}
		for l.depth = 0; l.depth < len(line) && line[l.depth] == '\t'; l.depth++ {
		}
		line = line[l.depth:]
		l.fields = [maxFields]string{}
		for i := 0; line != "" && i < maxFields; i++ {
			l.fields[i], line, _ = strings.Cut(line, "\t")
		}
		return true
	}
	return false
}

// errorf tells where in the tables a mistake is.
func (l *lines) errorf(format string, args ...any) error {
	return fmt.Errorf("r4: %s:%d: %s", l.file, l.number, fmt.Sprintf(format, args...))
}

// cardinality reads "0..1" or "1..*".
func (l *lines) cardinality(s string) (least, most int, err error) {
	low, high, _ := strings.Cut(s, "..")
	if least, err = strconv.Atoi(low); err != nil {
		return 0, 0, l.errorf("cardinality %q", s)
	}
	if high == "*" {
		return least, Unbounded, nil
	}
	if most, err = strconv.Atoi(high); err != nil {
		return 0, 0, l.errorf("cardinality %q", s)
	}
	return least, most, nil
}

// heads counts the lines that are not indented, comments included: what maps and slices have to hold.
func heads(table string) int {
	return strings.Count(table, "\n") - strings.Count(table, "\n\t")
}

// A slab makes one allocation of many: the specification's values live as long as each other.
type slab[T any] struct{ free []T }

// take returns n zero values; nil for none.
func (s *slab[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.free = make([]T, max(n, 512))
	}
	taken := s.free[:n:n]
	s.free = s.free[n:]
	return taken
}

func (s *slab[T]) one() *T { return &s.take(1)[0] }

// clone copies a list that was put together in a buffer.
func (s *slab[T]) clone(list []T) []T {
	taken := s.take(len(list))
	copy(taken, list)
	return taken
}

// split cuts a list of names; nil for an empty one.
func split(s *slab[string], list, separator string) []string {
	if list == "" {
		return nil
	}
	names := s.take(strings.Count(list, separator) + 1)
	for i := range names {
		names[i], list, _ = strings.Cut(list, separator)
	}
	return names
}
