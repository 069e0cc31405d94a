package sqlite

import (
	"encoding/hex"
	"encoding/json"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// list compiles an InList. A List may have any number of entries, so their ids are one argument.
func (c *compiler) list(e *search.InList) (*criterion, error) {
	var ids []string // a logical id after 't', or the hexadecimal form of a UUID after 'b', as bindID tells them apart
	for _, id := range e.Lists {
		list, err := c.Read(c.ctx, "List", id)
		if code := fhir.CodeOf(err); code == fhir.NotFound || code == fhir.Deleted {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, member := range e.Members(list, e.Param.Resource) {
			var b [16]byte
			if packUUID(&b, member) {
				ids = append(ids, "b"+hex.EncodeToString(b[:]))
			} else {
				ids = append(ids, "t"+member)
			}
		}
	}
	if len(ids) == 0 {
		return &criterion{}, nil
	}
	text, err := json.Marshal(ids)
	if err != nil {
		return nil, asOutcome(err)
	}
	where := sql("x.type = ? AND x.id IN (SELECT CASE substr(value, 1, 1) WHEN 'b' THEN unhex(substr(value, 2)) ELSE substr(value, 2) END FROM json_each(?))", c.typ, string(text))
	where.add(" AND EXISTS (SELECT 1 FROM current y WHERE y.rid = (? | x.n) AND y.deleted = 0)", rid(c.typ, 0))
	return &criterion{rows: []rows{{from: primary("resource"), where: where}}}, nil
}
