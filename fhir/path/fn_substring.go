package path

import (
	"strings"
	"unicode/utf8"
)

// substring is http://hl7.org/fhirpath/N1/#substringstart-integer-length-integer-string.
func substring(ev *Evaluator, c *call, mark int) error {
	s, ok, err := c.text(ev, mark)
	if err != nil {
		return err
	}
	start, present, err := ev.integer(c.args[0], c.pos)
	if err != nil {
		return err
	}
	length, bounded := int32(0), false
	if len(c.args) > 1 {
		if length, bounded, err = ev.integer(c.args[1], c.pos); err != nil {
			return err
		}
	}
	ev.stack = ev.stack[:mark]
	if !ok || !present || start < 0 {
		return nil
	}
	from, ok := offsetOf(s, int(start))
	if !ok || from == len(s) {
		return nil
	}
	s = s[from:]
	if bounded {
		to, _ := offsetOf(s, int(max(length, 0)))
		s = s[:to]
	}
	return ev.push(String(s))
}

// offsetOf is where the n-th character begins; ok is false, and the offset the end, where there are fewer.
func offsetOf(s string, n int) (offset int, ok bool) {
	for ; n > 0; n-- {
		if offset == len(s) {
			return offset, false
		}
		_, size := utf8.DecodeRuneInString(s[offset:])
		offset += size
	}
	return offset, true
}

func join(ev *Evaluator, c *call, mark int) error {
	end := len(ev.stack)
	separator := ""
	if len(c.args) > 0 {
		var err error
		if separator, _, err = ev.text(c.args[0], c.pos); err != nil {
			return err
		}
	}
	var b strings.Builder
	for i := mark; i < end; i++ {
		v := ev.stack[i].system()
		if v.valueless() {
			continue
		}
		if v.kind != SystemString {
			return faultAt(c.pos, "join() needs Strings")
		}
		if b.Len() > 0 || i > mark {
			b.WriteString(separator)
		}
		if err := ev.produce(len(separator) + len(v.text)); err != nil {
			return err
		}
		b.WriteString(v.text)
	}
	ev.stack = ev.stack[:mark]
	if end == mark {
		return nil
	}
	return ev.push(String(b.String()))
}
