package patient

// alike reports whether two folded names are the same but for a slip (Jaro-Winkler of 0.92 or more).
func alike(a, b string) bool { return a == b || jaroWinkler([]rune(a), []rune(b)) >= 0.92 }

// jaroWinkler is how much two words are alike, from 0 to 1: letters that both have near the same place, less those out of order, and a
// bonus for the same beginning.
func jaroWinkler(a, b []rune) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	window := max(1, max(len(a), len(b))/2) - 1
	inA, inB := make([]bool, len(a)), make([]bool, len(b))
	matches := 0
	for i, r := range a {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if !inB[j] && b[j] == r {
				inA[i], inB[j] = true, true
				matches++
				break
			}
		}
	}
	if matches == 0 {
		return 0
	}
	moved, j := 0, 0
	for i, r := range a {
		if !inA[i] {
			continue
		}
		for !inB[j] {
			j++
		}
		if b[j] != r {
			moved++
		}
		j++
	}
	n := float64(matches)
	jaro := (n/float64(len(a)) + n/float64(len(b)) + (n-float64(moved)/2)/n) / 3
	prefix := 0
	for prefix < min(4, len(a), len(b)) && a[prefix] == b[prefix] {
		prefix++
	}
	return jaro + float64(prefix)*0.1*(1-jaro)
}

// phonetic is the American Soundex of a folded name; what has no letters of its alphabet is itself.
func phonetic(name string) string {
	code := make([]byte, 0, 4)
	last := byte(0)
	for i := 0; i < len(name) && len(code) < 4; i++ {
		c := name[i]
		if c < 'a' || c > 'z' {
			continue
		}
		digit := "01230120022455012623010202"[c-'a']
		switch {
		case len(code) == 0:
			code = append(code, c)
		case digit != '0' && digit != last:
			code = append(code, digit)
		}
		if c != 'h' && c != 'w' { // which do not part what they stand between
			last = digit
		}
	}
	if len(code) == 0 {
		return name
	}
	for len(code) < 4 {
		code = append(code, '0')
	}
	return string(code)
}
