package path

// date reads a date, dateTime or time by its shape; whether it is on the calendar is for the parser to say.
func (l *lexer) date() (string, error) {
	start := l.pos
	l.pos++
	if l.pos < len(l.src) && l.src[l.pos] == 'T' {
		l.pos++
		if !l.clock() {
			return "", faultAt(start, "a time is written @Thh:mm:ss.fff")
		}
		return l.src[start+1 : l.pos], nil
	}
	if !l.shape("0000") {
		return "", faultAt(start, "a date is written @YYYY-MM-DD, a time @Thh:mm:ss")
	}
	if l.shape("-00") {
		l.shape("-00")
	}
	if l.pos < len(l.src) && l.src[l.pos] == 'T' {
		l.pos++
		if l.clock() {
			if l.pos < len(l.src) && l.src[l.pos] == 'Z' {
				l.pos++
			} else if !l.shape("+00:00") {
				l.shape("-00:00")
			}
		}
	}
	return l.src[start+1 : l.pos], nil
}

// clock reads hh[:mm[:ss[.f…]]].
func (l *lexer) clock() bool {
	if !l.shape("00") {
		return false
	}
	for range 2 {
		if !l.shape(":00") {
			return true
		}
	}
	if l.shape(".0") {
		l.digits()
	}
	return true
}

// shape reads text of the given form, in which 0 stands for any digit, or nothing at all.
func (l *lexer) shape(form string) bool {
	if l.pos+len(form) > len(l.src) {
		return false
	}
	for i := range len(form) {
		c := l.src[l.pos+i]
		if form[i] == '0' && !digit(c) || form[i] != '0' && form[i] != c {
			return false
		}
	}
	l.pos += len(form)
	return true
}
