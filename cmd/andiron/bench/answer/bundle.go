package answer

import "bytes"

// Entry is one entry of a Bundle. It is good until the next one is read.
type Entry struct {
	Resource    Resource
	HasResource bool
	Mode        []byte // search.mode
	Method      []byte // request.method
	URL         []byte // request.url
	Status      []byte // response.status
	Location    []byte // response.location
}

// Bundle is what stands around the entries.
type Bundle struct {
	Type  string
	Total int    // -1: the server does not say
	Next  string // URL of the next page; "": this is the last one
}

// ReadBundle reads a Bundle in one pass and calls visit for each entry.
func ReadBundle(text []byte, visit func(*Entry)) (Bundle, *Wrong) {
	c := cursor{text: text}
	b := Bundle{Total: -1}
	var typ []byte
	var entry Entry
	c.object(func(name []byte) {
		switch string(name) {
		case "resourceType":
			typ = c.str()
		case "type":
			b.Type = string(c.str())
		case "total":
			b.Total = c.number()
		case "link":
			c.array(func() { b.link(&c) })
		case "entry":
			c.array(func() {
				entry.read(&c)
				if c.err == nil {
					visit(&entry)
				}
			})
		}
	})
	if wrong := malformed(c.end()); wrong != nil {
		return b, wrong
	}
	if string(typ) != "Bundle" {
		return b, &Wrong{"the answer is not a Bundle", string(typ)}
	}
	return b, nil
}

func (b *Bundle) link(c *cursor) {
	var relation, url []byte
	c.object(func(name []byte) {
		switch string(name) {
		case "relation":
			relation = c.str()
		case "url":
			url = c.str()
		}
	})
	if string(relation) == "next" {
		b.Next = string(url)
	}
}

func (e *Entry) read(c *cursor) {
	*e = Entry{Resource: e.Resource}
	c.object(func(name []byte) {
		switch string(name) {
		case "resource":
			e.HasResource = true
			e.Resource.read(c)
		case "search":
			c.object(func(name []byte) {
				if string(name) == "mode" {
					e.Mode = c.str()
				}
			})
		case "request":
			c.object(func(name []byte) {
				switch string(name) {
				case "method":
					e.Method = c.str()
				case "url":
					e.URL = c.str()
				}
			})
		case "response":
			c.object(func(name []byte) {
				switch string(name) {
				case "status":
					e.Status = c.str()
				case "location":
					e.Location = c.str()
				}
			})
		}
	})
	if !e.HasResource {
		e.Resource = Resource{}
	}
}

// Location takes the logical id and the version out of a URL such as http://server/fhir/Patient/1/_history/2. Both are
// empty when the URL is none of that type or the id has characters that no id has; the version also when the URL has none.
func Location(url []byte, typ string) (id, version []byte) {
	url, version, _ = bytes.Cut(url, []byte("/_history/"))
	slash := bytes.LastIndexByte(url, '/')
	if slash < 0 || !validID(url[slash+1:]) {
		return nil, nil
	}
	rest, ok := bytes.CutSuffix(url[:slash], []byte(typ))
	if !ok || len(rest) > 0 && rest[len(rest)-1] != '/' {
		return nil, nil
	}
	return url[slash+1:], version
}

// validID follows http://hl7.org/fhir/R4/datatypes.html#id: such an id needs no escape in a URL nor in JSON.
func validID(id []byte) bool {
	for _, b := range id {
		switch {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9', b == '-', b == '.':
		default:
			return false
		}
	}
	return len(id) > 0 && len(id) <= 64
}
