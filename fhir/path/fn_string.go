package path

import (
	"strings"
	"unicode/utf8"
)

// stringFunction finds the functions of http://hl7.org/fhirpath/N1/#string-manipulation that need no regular
// expression, and trim(), split() and join() of later releases. Positions and lengths count characters.
func stringFunction(name string) (function, bool) {
	f := function{result: resultString}
	switch name {
	case "indexOf":
		f.min, f.max, f.result, f.eval = 1, 1, resultInteger, onText(func(ev *Evaluator, s string, args []string) error {
			at := strings.Index(s, args[0])
			if at > 0 {
				at = utf8.RuneCountInString(s[:at])
			}
			return ev.push(Integer(int32(at)))
		})
	case "substring":
		f.min, f.max, f.eval = 1, 2, substring
	case "startsWith":
		f.min, f.max, f.result, f.eval = 1, 1, resultBoolean, onText(func(ev *Evaluator, s string, args []string) error {
			return ev.pushBool(strings.HasPrefix(s, args[0]))
		})
	case "endsWith":
		f.min, f.max, f.result, f.eval = 1, 1, resultBoolean, onText(func(ev *Evaluator, s string, args []string) error {
			return ev.pushBool(strings.HasSuffix(s, args[0]))
		})
	case "contains":
		f.min, f.max, f.result, f.eval = 1, 1, resultBoolean, onText(func(ev *Evaluator, s string, args []string) error {
			return ev.pushBool(strings.Contains(s, args[0]))
		})
	case "upper":
		f.eval = onText(func(ev *Evaluator, s string, _ []string) error { return ev.pushText(strings.ToUpper(s)) })
	case "lower":
		f.eval = onText(func(ev *Evaluator, s string, _ []string) error { return ev.pushText(strings.ToLower(s)) })
	case "trim":
		f.eval = onText(func(ev *Evaluator, s string, _ []string) error { return ev.push(String(strings.TrimSpace(s))) })
	case "replace":
		f.min, f.max, f.eval = 2, 2, onText(replace)
	case "length":
		f.result, f.eval = resultInteger, onText(func(ev *Evaluator, s string, _ []string) error {
			return ev.push(Integer(int32(utf8.RuneCountInString(s))))
		})
	case "toChars":
		f.eval = onText(func(ev *Evaluator, s string, _ []string) error { return ev.pushParts(s, "") })
	case "split":
		f.min, f.max, f.eval = 1, 1, onText(func(ev *Evaluator, s string, args []string) error { return ev.pushParts(s, args[0]) })
	case "join":
		f.max, f.eval = 1, join
	default:
		return f, false
	}
	return f, true
}

// onText makes a function of a String whose arguments are Strings. Where one of them is empty the result is, too.
func onText(f func(ev *Evaluator, s string, args []string) error) func(*Evaluator, *call, int) error {
	return func(ev *Evaluator, c *call, mark int) error {
		s, ok, err := c.text(ev, mark)
		if err != nil {
			return err
		}
		var args [2]string
		for i, arg := range c.args {
			text, present, err := ev.text(arg, c.pos)
			if err != nil {
				return err
			}
			args[i], ok = text, ok && present
		}
		ev.stack = ev.stack[:mark]
		if !ok {
			return nil
		}
		if err := ev.read(len(s)); err != nil {
			return err
		}
		return f(ev, s, args[:len(c.args)])
	}
}

// text is the input as a single String.
func (c *call) text(ev *Evaluator, mark int) (s string, ok bool, err error) {
	v, ok, err := c.single(ev, mark)
	if err != nil || !ok {
		return "", false, err
	}
	if v.kind != SystemString {
		return "", false, faultAt(c.pos, "%s() needs a String", c.name)
	}
	return v.text, true, nil
}

func replace(ev *Evaluator, s string, args []string) error {
	// The result is paid for before it is made: '' is found around every character.
	n := strings.Count(s, args[0])
	if err := ev.produce(len(s) + n*max(0, len(args[1])-len(args[0]))); err != nil {
		return err
	}
	return ev.push(String(strings.ReplaceAll(s, args[0], args[1])))
}

// pushParts pushes what lies between separators, or each character where the separator is ”.
func (ev *Evaluator) pushParts(s, separator string) error {
	if s == "" {
		return nil
	}
	if separator != "" {
		for part := range strings.SplitSeq(s, separator) {
			if err := ev.push(String(part)); err != nil {
				return err
			}
		}
		return nil
	}
	for s != "" {
		_, n := utf8.DecodeRuneInString(s)
		if err := ev.push(String(s[:n])); err != nil {
			return err
		}
		s = s[n:]
	}
	return nil
}
