package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"andiron.dev/cmd/andiron/bench/answer"
	"andiron.dev/cmd/andiron/bench/wire"
)

// harvestPage is the _count that ids are harvested with.
const harvestPage = 250

// harvester asks the server what the workload needs to know before the clock starts.
type harvester struct {
	conn *wire.Conn
	base string // path of the FHIR base
	url  string // of the server, for errors
}

// get reads a path below the base. An answer that is not 200 is an error, a sentence for people.
func (h *harvester) get(path string) ([]byte, error) {
	resp, err := h.conn.Do("GET", []byte(path), nil)
	if err != nil {
		return nil, unreachable(h.url, err)
	}
	switch {
	case resp.Status == 200:
	case resp.Status == 401:
		return nil, unauthorized("GET " + path)
	case resp.Status/100 == 3:
		return nil, fmt.Errorf("the server answered GET %s with a redirect to %s: give that address with --server", path, resp.Location)
	default:
		return nil, &refused{path, resp.Status}
	}
	u := user{}
	body := u.text(resp)
	if body == nil {
		return nil, fmt.Errorf("the server answered GET %s in an encoding (%s) that it was not asked for", path, resp.Encoding)
	}
	return body, nil
}

// refused is an answer that is not 200.
type refused struct {
	path   string
	status int
}

func (r *refused) Error() string {
	return fmt.Sprintf("the server answered GET %s with HTTP %d", r.path, r.status)
}

func unreachable(server string, err error) error {
	return fmt.Errorf("%s cannot be reached (%s): is the server running? %w", server, wire.Reason(err), err)
}

// software gives the name and version of the server and its FHIR version, and refuses what is no FHIR R4 server.
func (h *harvester) software() (name, version string, err error) {
	body, err := h.get("/metadata")
	var no *refused
	if errors.As(err, &no) {
		return "", "", fmt.Errorf("%w: is %s the FHIR base? It often ends in /fhir", err, h.url)
	}
	if err != nil {
		return "", "", err
	}
	var capability struct {
		ResourceType string
		FHIRVersion  string
		Software     struct{ Name, Version string }
	}
	if err := json.Unmarshal(body, &capability); err != nil || capability.ResourceType != "CapabilityStatement" {
		return "", "", fmt.Errorf("%s/metadata is no CapabilityStatement: is that the FHIR base? It often ends in /fhir", h.url)
	}
	if !strings.HasPrefix(capability.FHIRVersion, "4.0") {
		return "", "", fmt.Errorf("%s speaks FHIR %s, and the workloads are FHIR R4 (4.0.1)", h.url, capability.FHIRVersion)
	}
	return strings.TrimSpace(capability.Software.Name + " " + capability.Software.Version), capability.FHIRVersion, nil
}

// resources visits up to most resources of a type, page by page. Elements names what the visit looks at ("id,name"), which
// servers may heed.
func (h *harvester) resources(ctx context.Context, typ, elements string, most int, visit func(*answer.Resource)) (int, error) {
	path := "/" + typ + "?_count=" + strconv.Itoa(min(most, harvestPage))
	body, err := h.get(path + "&_elements=" + elements)
	var no *refused
	if errors.As(err, &no) && no.status == 400 { // it does not know _elements and is strict
		body, err = h.get(path)
	}
	n := 0
	for err == nil {
		before := n
		bundle, wrong := answer.ReadBundle(body, func(e *answer.Entry) {
			if n < most && string(e.Resource.Type) == typ && len(e.Resource.ID) > 0 {
				n++
				visit(&e.Resource)
			}
		})
		if wrong != nil {
			return n, fmt.Errorf("the server answered GET %s wrongly: %w", path, wrong)
		}
		if n >= most || n == before || bundle.Next == "" || ctx.Err() != nil {
			break
		}
		if path, err = h.below(bundle.Next); err == nil {
			body, err = h.get(path)
		}
	}
	if err == nil && n == 0 {
		err = fmt.Errorf("%s has no %s to ask for: load data first (andiron bench --workload load, or andiron import)", h.url, typ)
	}
	if err == nil {
		err = ctx.Err()
	}
	return n, err
}

// ids gives the ids of up to most resources of a type.
func (h *harvester) ids(ctx context.Context, typ string, most int) ([]string, error) {
	var ids []string
	_, err := h.resources(ctx, typ, "id", most, func(r *answer.Resource) { ids = append(ids, string(r.ID)) })
	return ids, err
}

// below gives the path below the base of a link to the next page. Only its path is used: a server behind a proxy may know
// itself by another name, and the token goes nowhere but to the server that was named.
func (h *harvester) below(link string) (string, error) {
	u, err := url.Parse(link)
	if err != nil {
		return "", fmt.Errorf("the server's link to the next page is no URL: %w", err)
	}
	path := u.RequestURI()
	if !u.IsAbs() && !strings.HasPrefix(link, "/") {
		return "/" + path, nil
	}
	rest, ok := strings.CutPrefix(path, h.base)
	if !ok {
		return "", fmt.Errorf("the server's link to the next page, %s, is not below its base %s: is its base URL configured?", path, h.base)
	}
	return rest, nil
}

// count gives the number of resources of a type, false when the server does not tell.
func (h *harvester) count(typ string) (int, bool) {
	body, err := h.get("/" + typ + "?_summary=count")
	if err != nil {
		return 0, false
	}
	bundle, wrong := answer.ReadBundle(body, func(*answer.Entry) {})
	return bundle.Total, wrong == nil && bundle.Total >= 0
}
