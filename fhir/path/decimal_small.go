package path

// small is a number whose digits fit a machine word: nearly all that occur, compared without allocating.
type small struct {
	digits int64
	scale  int // digits after the point
}

func parseSmall(text string) (s small, ok bool) {
	if len(text) > 18 {
		return s, false
	}
	negative, point := false, false
	for i := range len(text) {
		switch c := text[i]; {
		case c == '-' && i == 0:
			negative = true
		case c == '.' && !point:
			point = true
		case digit(c):
			s.digits = s.digits*10 + int64(c-'0')
			if point {
				s.scale++
			}
		default:
			return s, false
		}
	}
	if negative {
		s.digits = -s.digits
	}
	return s, len(text) > 0
}

// compareNumbers orders two numbers; ok is false when one is none.
func compareNumbers(a, b string) (order int, ok bool) {
	x, okX := parseSmall(a)
	y, okY := parseSmall(b)
	if okX && okY && x.scale == y.scale {
		return compareInt(x.digits, y.digits), true
	}
	if okX && okY && len(a)+y.scale <= 18 && len(b)+x.scale <= 18 {
		return compareInt(x.digits*power10(y.scale), y.digits*power10(x.scale)), true
	}
	d, okD := parseDecimal(a)
	e, okE := parseDecimal(b)
	if !okD || !okE {
		return 0, false
	}
	return d.Cmp(e), true
}

func compareInt(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func power10(n int) int64 {
	p := int64(1)
	for range n {
		p *= 10
	}
	return p
}
