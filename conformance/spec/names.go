package spec

import (
	"fmt"
	"regexp"
	"strings"
)

// names are the placeholders of a file and what they stand for.
type names struct {
	values  map[string]string // by name
	byValue map[string]string
}

func newNames() *names { return &names{values: map[string]string{}, byValue: map[string]string{}} }

// Ids that the server is given look like this, so that they are found in responses wherever they stand. Page links and the version
// of the CapabilityStatement are found as well.
const idFormat = "018f3200-0000-7000-8000-%012d"

const (
	madePattern        = `018f3200-0000-7000-8000-\d{12}|_cursor=[A-Za-z0-9_-]+|\b[0-9a-f]{16}\b`
	placeholderPattern = `\{\{\w+\}\}`
	// unnamedPattern is where ids stand that nobody refers to.
	// measuredPattern is where it stands how long something took.
	measuredPattern = `("milliseconds", "valueDecimal": |looked at in )[0-9.]+`
	unnamedPattern  = `("resourceType": "Bundle",\s+"id": "|"diagnostics": "request |"resourceType":"Bundle","id":")018f3200-0000-7000-8000-\d{12}`
)

// fill puts values in the place of the names in a request.
func (n *names) fill(text string) (string, error) {
	var missing error
	filled := regexp.MustCompile(placeholderPattern).ReplaceAllStringFunc(text, func(name string) string {
		value, ok := n.values[name]
		if !ok {
			missing = fmt.Errorf("nothing has been called %s so far", name)
		}
		return value
	})
	return filled, missing
}

// abstract puts names in the place of the values in a response. A value that is seen for the first time gets the name that
// stands at its place in the wanted response.
func (n *names) abstract(text, want string) string {
	text = regexp.MustCompile(measuredPattern).ReplaceAllString(text, "${1}{{any}}")
	text = regexp.MustCompile(unnamedPattern).ReplaceAllString(text, "${1}{{any}}")
	wanted := regexp.MustCompile(placeholderPattern).FindAllString(want, -1)
	i := -1
	return regexp.MustCompile(madePattern+"|"+placeholderPattern).ReplaceAllStringFunc(text, func(value string) string {
		i++
		if strings.HasPrefix(value, "{{") {
			return value
		}
		prefix := ""
		if token, ok := strings.CutPrefix(value, "_cursor="); ok {
			prefix, value = "_cursor=", token
		}
		name, known := n.byValue[value]
		if !known {
			name = n.name(i, wanted)
			n.values[name], n.byValue[value] = value, name
		}
		return prefix + name
	})
}

// name finds a name for the i-th value of a response.
func (n *names) name(i int, wanted []string) string {
	if i < len(wanted) {
		if _, taken := n.values[wanted[i]]; !taken && wanted[i] != "{{any}}" {
			return wanted[i]
		}
	}
	for k := 1; ; k++ {
		name := fmt.Sprintf("{{id%d}}", k)
		if _, taken := n.values[name]; !taken {
			return name
		}
	}
}
