package path

import (
	"strings"
)

// regexpFunction finds matches(), replaceMatches() (http://hl7.org/fhirpath/N1/#matchesregex-string-boolean) and
// matchesFull() of a later release. Patterns are RE2's: no look-around, no back references, and never exponential time.
func regexpFunction(name string) (function, bool) {
	switch name {
	case "matches", "matchesFull":
		return function{min: 1, max: 1, result: resultBoolean, eval: matches}, true
	case "replaceMatches":
		return function{min: 2, max: 2, result: resultString, eval: replaceMatches}, true
	}
	return function{}, false
}

func takesPattern(name string) bool {
	return name == "matches" || name == "matchesFull" || name == "replaceMatches"
}

// regexp is the pattern that the first argument gives; nil for none.
func (c *call) regexp(ev *Evaluator) (*pattern, error) {
	if c.pattern != nil {
		return c.pattern, nil
	}
	text, ok, err := ev.text(c.args[0], c.pos)
	if err != nil || !ok {
		return nil, err
	}
	full, key := c.name == "matchesFull", text
	if full {
		key = "\x00" + text
	}
	if p := ev.patterns[key]; p != nil {
		return p, nil
	}
	p, err := compilePattern(text, full, c.pos)
	if err != nil {
		return nil, err
	}
	if ev.patterns == nil || len(ev.patterns) >= 32 {
		ev.patterns = map[string]*pattern{}
	}
	ev.patterns[key] = p
	return p, ev.step(200 + 10*p.size)
}

// subject is the input, paid for: RE2 takes time in proportion to text and program.
func (c *call) subject(ev *Evaluator, mark int, p *pattern) (s string, ok bool, err error) {
	s, ok, err = c.text(ev, mark)
	if err != nil || !ok || p == nil {
		return "", false, err
	}
	return s, true, ev.step(len(s) * (p.size + 16) / 64)
}

func matches(ev *Evaluator, c *call, mark int) error {
	p, err := c.regexp(ev)
	if err != nil {
		return err
	}
	s, ok, err := c.subject(ev, mark, p)
	ev.stack = ev.stack[:mark]
	if err != nil || !ok {
		return err
	}
	return ev.pushBool(p.re.MatchString(s))
}

func replaceMatches(ev *Evaluator, c *call, mark int) error {
	p, err := c.regexp(ev)
	if err != nil {
		return err
	}
	substitution, present, err := ev.text(c.args[1], c.pos)
	if err != nil {
		return err
	}
	s, ok, err := c.subject(ev, mark, p)
	ev.stack = ev.stack[:mark]
	if err != nil || !ok || !present {
		return err
	}
	if p.re.String() == "(?s)" {
		return ev.push(String(s)) // an empty pattern replaces nothing, the tests say
	}
	template := parseTemplate(substitution, p.re)
	var b strings.Builder
	last := 0
	for _, m := range p.re.FindAllStringSubmatchIndex(s, ev.limits.Items) {
		from := b.Len()
		b.WriteString(s[last:m[0]])
		for _, part := range template {
			if part.group < 0 {
				b.WriteString(part.text)
			} else if m[2*part.group] >= 0 {
				b.WriteString(s[m[2*part.group]:m[2*part.group+1]])
			}
		}
		last = m[1]
		if err := ev.produce(b.Len() - from); err != nil {
			return err
		}
	}
	b.WriteString(s[last:])
	return ev.pushText(b.String())
}
