package patient

import "slices"

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
