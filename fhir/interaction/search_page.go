package interaction

import (
	"bytes"
	"encoding/json"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// cursorParam is ours: a sealed cursor.
const cursorParam = "_cursor"

// cursor is what a page link holds, sealed: the whole search, and where its page begins. It is bound to where the search is and
// to the caller.
type cursor struct {
	Query string `json:"q"`           // the parameters that the server has honoured
	Began int64  `json:"t"`           // when the search began, in milliseconds: "approximately" is measured from there
	Total *int   `json:"n,omitempty"` // matches in all, if they have been counted
	From  string `json:"p,omitempty"` // the position that the page begins after; "" = the beginning
	// Before are the positions that the pages before this one began after, the first page's first. They lead back, however
	// many pages have been added or removed in the meantime; where there are too many, the first ones are dropped.
	Before []string `json:"b,omitempty"`
}

const (
	maxBefore      = 100     // pages that a cursor leads back
	maxBeforeBytes = 4 << 10 // and what their positions may take: links have to stay short
	// longLink is the length from which a cursor may be too long for a URL: what the server accepts as a query by default, less
	// what may stand beside it.
	longLink = 15 << 10
)

// page is the page that a search asks for.
type page struct {
	x        *Interactions
	path     string
	purpose  string
	asked    fhir.Params // as the client has put it
	params   fhir.Params // of the search
	followed bool        // the page was asked for by following a link
	began    time.Time
	total    int // known from the pages before; -1 = not
	from     string
	before   []string
	warnings []fhir.Issue
}

// page reads what page is asked for: the first one of a new search, or that of a link.
func (x *Interactions) page(req *fhir.Request, path string) (*page, error) {
	p := &page{x: x, path: path, purpose: "search\x00" + path + "\x00" + req.Caller, asked: req.Params, total: -1, began: time.Now()}
	if x.Now != nil {
		p.began = x.Now()
	}
	token := ""
	for _, param := range req.Params {
		switch {
		case param.Name != cursorParam:
			if !presentation(param) {
				p.params = append(p.params, param)
			}
		case p.followed:
			return nil, fhir.NewOutcome(fhir.Invalid, "the parameter '"+cursorParam+"' must not be repeated")
		default:
			token, p.followed = param.Value, true
		}
	}
	if !p.followed {
		p.params = req.Params
		return p, nil
	}
	if len(p.params) > 0 {
		return nil, fhir.Errorf(fhir.Invalid, "a page link has to be followed as it is: '%s' cannot be added to it", p.params[0].Name)
	}
	return p, p.open(token)
}

// presentation reports whether a parameter says how an answer is written. Those stay beside the cursor: they are read before a
// search is.
func presentation(p fhir.Param) bool { return p.Name == "_format" || p.Name == "_pretty" }

func (p *page) open(token string) error {
	text, err := p.x.Seal.Open(p.purpose, token)
	if err != nil {
		return err
	}
	var c cursor
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return fhir.Internal(err) // nobody else can have sealed it
	}
	if p.params, err = fhir.ParseParams(c.Query); err != nil {
		return err
	}
	p.began, p.from, p.before = time.UnixMilli(c.Began), c.From, c.Before
	if c.Total != nil {
		p.total = *c.Total
	}
	return nil
}

// settleTotal says how many matches there are; -1 = not known.
func (p *page) settleTotal(found *fhir.SearchPage, q *search.Query) int {
	switch least := len(found.Resources); {
	case p.total >= 0: // as it was counted with the first page
	case p.from == "" && found.Next == "" && q.Count > 0: // all there is stands on this page
		p.total = least
	case found.Estimated:
		if found.Next != "" {
			least++
		}
		p.total = max(found.Total, least)
	default:
		p.total = found.Total
	}
	return p.total
}

// links are the links of the answer (http://hl7.org/fhir/R4/http.html#paging). The self link says what parameters were used, as it
// must (http://hl7.org/fhir/R4/search.html#conformance); those to other pages tell nothing.
func (p *page) links(q *search.Query, next string) ([]fhir.Link, error) {
	self := p.asked
	if !p.followed {
		self = q.Honoured()
	}
	links := []fhir.Link{{Relation: "self", URL: p.path + queryOf(self)}}
	if p.from == "" && next == "" {
		return links, nil
	}
	base := cursor{Query: withoutPresentation(q.Honoured()).Encode(), Began: p.began.UnixMilli()}
	type target struct {
		relation string
		cursor   cursor
	}
	targets := []target{{"first", base}}
	if p.total >= 0 {
		base.Total = &p.total
	}
	if last := len(p.before) - 1; last >= 0 {
		previous := base
		previous.From, previous.Before = p.before[last], p.before[:last]
		targets = append(targets, target{"previous", previous})
	}
	if next != "" {
		after := base
		after.From, after.Before = next, shortened(append(p.before[:len(p.before):len(p.before)], p.from))
		targets = append(targets, target{"next", after})
	}
	for _, to := range targets {
		link, err := p.link(to.relation, to.cursor)
		if err != nil {
			return nil, err
		}
		links = append(links, link)
	}
	return links, nil
}

// shortened drops the first positions where there are too many, or too long ones.
func shortened(before []string) []string {
	size, from := 0, len(before)
	for from > 0 && len(before)-from < maxBefore && size+len(before[from-1]) <= maxBeforeBytes {
		from--
		size += len(before[from])
	}
	return before[from:]
}

func (p *page) link(relation string, c cursor) (fhir.Link, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return fhir.Link{}, fhir.Internal(err)
	}
	token, err := p.x.Seal.Seal(p.purpose, text.String())
	if err != nil {
		return fhir.Link{}, err
	}
	if len(token) > longLink && len(p.warnings) == 0 {
		p.warnings = append(p.warnings, fhir.Issue{Severity: fhir.Warning, Code: fhir.TooLong,
			Text: "the links to other pages may be too long for a URL: POST the value of " + cursorParam + " to _search instead"})
	}
	params := fhir.Params{{Name: cursorParam, Value: token}}
	for _, param := range p.asked {
		if presentation(param) {
			params = append(params, param)
		}
	}
	return fhir.Link{Relation: relation, URL: p.path + queryOf(params)}, nil
}

func withoutPresentation(params fhir.Params) fhir.Params {
	var rest fhir.Params
	for _, param := range params {
		if !presentation(param) {
			rest = append(rest, param)
		}
	}
	return rest
}
