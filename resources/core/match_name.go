package core

import "slices"

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

// nickname reports whether people with one name are called by the other.
func nickname(a, b string) bool {
	for _, names := range nicknames() {
		if slices.Contains(names, a) && slices.Contains(names, b) {
			return true
		}
	}
	return false
}

func nicknames() [][]string {
	return [][]string{
		{"abigail", "abby", "gail"}, {"albert", "al", "bert"}, {"alexander", "alex", "sasha", "xander"}, {"alexandra", "alex", "sandra", "sasha"},
		{"andrew", "andy", "drew"}, {"anna", "ann", "anne", "annie", "ana", "anita"}, {"anthony", "tony"}, {"antonio", "tony", "tono"}, {"barbara", "barb", "babs"},
		{"benjamin", "ben", "benny"}, {"catherine", "katherine", "cathy", "kathy", "kate", "katie", "kat"}, {"charles", "charlie", "chuck", "carl"},
		{"christina", "christine", "chris", "tina"}, {"christopher", "chris", "kit"}, {"daniel", "dan", "danny"}, {"david", "dave"}, {"deborah", "deb", "debbie"},
		{"dorothy", "dot", "dottie"}, {"edward", "ed", "eddie", "ted", "ned"}, {"eleanor", "ellie", "nell", "nora"},
		{"elizabeth", "liz", "lizzie", "beth", "betty", "eliza", "libby", "lisa"}, {"francis", "frank"}, {"francisco", "paco", "pancho", "frank"},
		{"frederick", "fred", "freddie"}, {"gabriel", "gabe"}, {"gerald", "gerry", "jerry"}, {"gregory", "greg"}, {"harold", "harry", "hal"}, {"henry", "harry", "hank"},
		{"isabella", "bella", "isabel", "izzy"}, {"jacob", "jake"}, {"james", "jim", "jimmy", "jamie"}, {"jeffrey", "jeff"}, {"jennifer", "jen", "jenny"},
		{"jessica", "jess", "jessie"}, {"johannes", "hans", "jan"}, {"john", "jack", "johnny", "jon"}, {"jonathan", "jon", "nathan"}, {"jose", "pepe"},
		{"joseph", "joe", "joey", "jo"}, {"joshua", "josh"}, {"kenneth", "ken", "kenny"}, {"lawrence", "larry"}, {"leonard", "len", "leo"}, {"margaret", "maggie", "meg", "peggy", "greta", "rita"},
		{"maria", "mary", "mia"}, {"martha", "marty", "patty"}, {"mary", "molly", "polly", "mamie"}, {"matthew", "matt"}, {"michael", "mike", "mick", "mickey"},
		{"nancy", "nan"}, {"nathaniel", "nathan", "nate"}, {"nicholas", "nick", "klaus"}, {"pamela", "pam"}, {"patricia", "pat", "patty", "tricia", "trish"}, {"patrick", "pat", "paddy"},
		{"peter", "pete"}, {"philip", "phil"}, {"rebecca", "becky", "becca"}, {"richard", "rick", "rich", "dick", "ricky"}, {"robert", "rob", "bob", "bobby", "bert"},
		{"ronald", "ron", "ronnie"}, {"samantha", "sam"}, {"samuel", "sam", "sammy"}, {"sarah", "sally", "sadie"}, {"stephen", "steven", "steve"}, {"susan", "sue", "susie", "suzanne"},
		{"theodore", "ted", "theo"}, {"theresa", "terry", "tess", "tessa"}, {"thomas", "tom", "tommy"}, {"timothy", "tim"}, {"veronica", "ronnie", "vera"}, {"victoria", "vicky", "tori"},
		{"vincent", "vince"}, {"walter", "walt", "wally"}, {"william", "bill", "billy", "will", "liam"}, {"zachary", "zach"},
	}
}
