package ucum

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Bounds of codes, which clients choose.
const (
	maxLength = 256
	maxDepth  = 32
)

var (
	errUnknown = errors.New("no units are known")
	errEmpty   = errors.New("the code is empty")
	errLength  = errors.New("the code has more than 256 characters")
)

// parser reads a term of the syntax of §10 from left to right, and multiplies as it goes.
type parser struct {
	code   string
	at     int
	depth  int
	symbol func(string) (unit, bool, error) // a prefix and an atom, or an atom; false if there is no such
}

// parse gives the meaning of a code.
func parse(code string, symbol func(string) (unit, bool, error)) (unit, error) {
	if code == "" {
		return unit{}, errEmpty
	}
	if len(code) > maxLength {
		return unit{}, errLength
	}
	p := parser{code: code, symbol: symbol}
	u, err := p.term()
	if err == nil && p.at < len(code) {
		err = p.wrong("a parenthesis closes that was not opened")
	}
	return u, err
}

// wrong tells what is wrong with the character that is next.
func (p *parser) wrong(text string) error { return fmt.Errorf("%s at character %d", text, p.at+1) }

// next is the next character, 0 at the end.
func (p *parser) next() byte {
	if p.at == len(p.code) {
		return 0
	}
	return p.code[p.at]
}

// term is components with operators between them, up to the end or a closing parenthesis. Only a whole code may begin
// with a solidus.
func (p *parser) term() (unit, error) {
	var u unit
	var err error
	sign := 1
	if p.depth == 0 && p.next() == '/' {
		u = unity()
	} else if u, err = p.component(); err != nil {
		return u, err
	}
	for {
		switch p.next() {
		case 0, ')':
			return u, nil
		case '.':
			sign = 1
		case '/':
			sign = -1
		default:
			return u, p.wrong("an operator is missing")
		}
		p.at++
		v, err := p.component()
		if err != nil {
			return u, err
		}
		if u, err = u.times(v, sign); err != nil {
			return u, err
		}
	}
}

// component is a simple unit with or without exponent, a number or a term in parentheses, each with or without an
// annotation; or an annotation, which means the unity (§6). The syntax has no annotation behind numbers and
// parentheses; the official tests have "1{c}".
func (p *parser) component() (unit, error) {
	var u unit
	var err error
	switch p.next() {
	case 0:
		return u, errors.New("the code ends where a unit is expected")
	case '{':
		return unity(), p.annotation()
	case '(':
		u, err = p.nested()
	default:
		u, err = p.simple()
	}
	if err == nil && p.next() == '{' {
		err = p.annotation()
	}
	return u, err
}

func (p *parser) nested() (unit, error) {
	if p.depth++; p.depth > maxDepth {
		return unit{}, p.wrong("the parentheses are too deep")
	}
	p.at++
	u, err := p.term()
	if err != nil {
		return u, err
	}
	if p.next() != ')' {
		return u, errors.New("a parenthesis is not closed")
	}
	p.at++
	p.depth--
	return u, nil
}

// annotation passes over one.
func (p *parser) annotation() error {
	for p.at++; p.at < len(p.code); p.at++ {
		switch c := p.code[p.at]; {
		case c == '}':
			p.at++
			return nil
		case c == '{':
			return p.wrong("annotations must not be nested")
		case !graphic(c):
			return p.wrong("a character is not allowed in an annotation")
		}
	}
	return errors.New("an annotation is not closed")
}

// graphic is the range of characters that §3 allows.
func graphic(c byte) bool { return '!' <= c && c <= '~' }

func digit(c byte) bool { return '0' <= c && c <= '9' }

// simple is a symbol with or without an exponent, or a number.
func (p *parser) simple() (unit, error) {
	start := p.at
	if err := p.run(); err != nil {
		return unit{}, err
	}
	text := p.code[start:p.at]
	// No symbol ends with a digit.
	end := len(text)
	for end > 0 && digit(text[end-1]) {
		end--
	}
	digits := text[end:]
	if end == 0 {
		return p.factor(digits, start)
	}
	exponent := 1
	if digits != "" {
		if c := text[end-1]; c == '-' || c == '+' {
			end--
			digits = text[end:]
		}
		n, err := strconv.Atoi(digits)
		if err != nil || n < -maxExponent || n > maxExponent {
			return unit{}, errExponent
		}
		exponent = n
	}
	if strings.Trim(text[:end], "0123456789") == "" {
		p.at = start
		return unit{}, p.wrong("an exponent does not follow a unit")
	}
	u, known, err := p.symbol(text[:end])
	if err != nil {
		return u, err
	}
	if !known {
		p.at = start
		return u, p.wrong("there is no such unit")
	}
	return u.pow(exponent)
}

// run passes over the characters of a symbol and its exponent. In brackets all characters belong to the symbol (§5).
func (p *parser) run() error {
	start, bracket := p.at, false
	for ; p.at < len(p.code); p.at++ {
		c := p.code[p.at]
		switch {
		case !graphic(c):
			return p.wrong("a character is not allowed")
		case c == '[':
			if bracket {
				return p.wrong("brackets must not be nested")
			}
			bracket = true
		case c == ']':
			if !bracket {
				return p.wrong("a bracket closes that was not opened")
			}
			bracket = false
		case bracket:
		case strings.IndexByte("./(){", c) >= 0:
			if p.at == start {
				return p.wrong("a unit is missing")
			}
			return nil
		case strings.IndexByte(`}"=`, c) >= 0:
			return p.wrong("a character is not allowed")
		}
	}
	if bracket {
		return errors.New("a bracket is not closed")
	}
	return nil
}

// factor is a positive integer in place of a unit (§8).
func (p *parser) factor(digits string, start int) (unit, error) {
	n, _ := new(big.Int).SetString(digits, 10)
	if n.Sign() == 0 {
		p.at = start
		return unit{}, p.wrong("a number must be positive")
	}
	return number(new(big.Rat).SetInt(n)), nil
}
