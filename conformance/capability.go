package conformance

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/fhir/patch"
	"andiron.dev/fhir/r4"
	"andiron.dev/search"
)

// Statement computes CapabilityStatements.
type Statement struct {
	Registry     *fhir.Registry
	Spec         *r4.Spec
	Params       *search.Params
	Version      string    // of the software
	Date         time.Time // since when it has been like this
	SingleDelete bool      // conditional delete refuses several matches
	ReadOnly     []string  // resource types that only the server writes
	CreateOnly   []string  // resource types that stay as they were written
	Topics       []string  // canonicals of topics that Subscriptions may follow
	SMART        bool      // requests are authorized as SMART App Launch has it, by /auth beside the base
}

// Capability renders the statement of a server that clients know under base. It has no id, because it cannot be read under one.
func (s *Statement) Capability(base string) *fhir.Resource {
	w := fhir.NewWriter(256 << 10)
	w.Object().Name("resourceType").String("CapabilityStatement")
	w.Name("url").String(base + "/metadata")
	w.Name("version").String(s.Version).Name("name").String("Andiron").Name("title").String("Andiron FHIR R4 server")
	w.Name("status").String("active").Name("date").String(s.Date.UTC().Format(fhir.LastUpdatedFormat))
	w.Name("kind").String("instance").Name("fhirVersion").String("4.0.1")
	w.Name("software").Object().Name("name").String("Andiron").Name("version").String(s.Version).EndObject()
	w.Name("implementation").Object().Name("description").String("Andiron FHIR R4 server").Name("url").String(base).EndObject()
	w.Name("format").Array().String("application/fhir+json").String("json").EndArray()
	w.Name("patchFormat").Array()
	for _, f := range patch.Formats() {
		w.String(f.MediaType)
	}
	w.EndArray()
	w.Name("rest").Array().Object().Name("mode").String("server")
	w.Name("documentation").String("Resources are stored as they were submitted: nothing is merged, and nothing but id, meta.versionId and " +
		"meta.lastUpdated is altered. A patch removes generated narrative that it leaves out of date.")
	s.security(w, base)
	w.Name("resource").Array()
	referrers := s.referrers()
	for _, name := range s.Spec.Resources() {
		s.resource(w, name, base, referrers)
	}
	w.EndArray()
	s.interactions(w, fhir.Transaction, fhir.Batch, fhir.SearchSystem, fhir.HistorySystem)
	s.shared(w)
	s.operations(w, "", base)
	s.compartments(w)
	w.EndObject().EndArray().EndObject()
	statement := fhir.FromWriter("CapabilityStatement", "", w)
	// The ETag has to change when the statement does (http://hl7.org/fhir/R4/http.html#capabilities).
	sum := sha256.Sum256([]byte(statement.Body()))
	return statement.WithVersion(hex.EncodeToString(sum[:8]), s.Date)
}

func (s *Statement) interactions(w *fhir.Writer, candidates ...fhir.Interaction) {
	offered := slices.DeleteFunc(candidates, func(i fhir.Interaction) bool { return !s.Registry.Handles(i) })
	if len(offered) == 0 {
		return
	}
	w.Name("interaction").Array()
	for _, i := range offered {
		w.Object().Name("code").String(string(i)).EndObject()
	}
	w.EndArray()
}

func (s *Statement) resource(w *fhir.Writer, name, base string, referrers map[string][]string) {
	w.Object()
	s.topics(w, name)
	w.Name("type").String(name).Name("profile").String("http://hl7.org/fhir/StructureDefinition/" + name)
	if name == "Subscription" && len(s.Topics) > 0 {
		w.Name("supportedProfile").Array().String(backport + "StructureDefinition/backport-subscription").EndArray()
	}
	if slices.Contains(s.ReadOnly, name) {
		s.interactions(w, fhir.Read, fhir.VRead, fhir.HistoryInstance, fhir.HistoryType, fhir.SearchType)
		w.Name("versioning").String("versioned").Name("readHistory").Bool(s.Registry.Handles(fhir.VRead)).Name("updateCreate").Bool(false)
	} else if slices.Contains(s.CreateOnly, name) {
		s.interactions(w, fhir.Read, fhir.VRead, fhir.HistoryInstance, fhir.HistoryType, fhir.Create, fhir.SearchType)
		w.Name("versioning").String("versioned").Name("readHistory").Bool(s.Registry.Handles(fhir.VRead)).Name("updateCreate").Bool(false)
		w.Name("conditionalCreate").Bool(s.Registry.Handles(fhir.Create))
	} else {
		s.interactions(w, fhir.Read, fhir.VRead, fhir.Update, fhir.Patch, fhir.Delete, fhir.HistoryInstance, fhir.HistoryType, fhir.Create, fhir.SearchType)
		w.Name("versioning").String("versioned-update").Name("readHistory").Bool(s.Registry.Handles(fhir.VRead))
		w.Name("updateCreate").Bool(s.Registry.Handles(fhir.Update))
		s.conditions(w)
	}
	w.Name("referencePolicy").Array().String("literal").String("logical").EndArray()
	if s.Registry.Handles(fhir.SearchType) {
		s.search(w, name, referrers)
	}
	s.operations(w, name, base)
	w.EndObject()
}

// conditions says which conditional interactions there are.
func (s *Statement) conditions(w *fhir.Writer) {
	read, remove := "not-supported", "not-supported"
	if s.Registry.Handles(fhir.Read) {
		read = "full-support"
	}
	switch {
	case !s.Registry.Handles(fhir.Delete):
	case s.SingleDelete:
		remove = "single"
	default:
		remove = "multiple"
	}
	w.Name("conditionalCreate").Bool(s.Registry.Handles(fhir.Create)).Name("conditionalRead").String(read)
	w.Name("conditionalUpdate").Bool(s.Registry.Handles(fhir.Update)).Name("conditionalDelete").String(remove)
}

func (s *Statement) search(w *fhir.Writer, name string, referrers map[string][]string) {
	params := s.Params.Of(name)
	includes := []string{"*"}
	for _, p := range params {
		if p.Type == r4.ReferenceParam {
			includes = append(includes, name+":"+p.Code)
		}
	}
	if len(includes) > 1 {
		list(w, "searchInclude", includes)
	}
	if from := slices.Concat(referrers[name], referrers["Resource"]); len(from) > 0 {
		slices.Sort(from)
		list(w, "searchRevInclude", slices.Compact(from))
	}
	w.Name("searchParam").Array()
	for _, p := range params {
		w.Object().Name("name").String(p.Code)
		if p.URL != "" { // R4 defines no SearchParameter for _list
			w.Name("definition").String(p.URL)
		}
		w.Name("type").String(string(p.Type)).EndObject()
	}
	w.EndArray()
}

// referrers are the reference parameters by the type that they lead to, "Resource" for those that lead anywhere.
func (s *Statement) referrers() map[string][]string {
	by := make(map[string][]string)
	for _, source := range s.Spec.Resources() {
		for _, p := range s.Params.Of(source) {
			if p.Type == r4.ReferenceParam {
				for _, target := range p.Targets {
					by[target] = append(by[target], source+":"+p.Code)
				}
			}
		}
	}
	return by
}

func list(w *fhir.Writer, name string, values []string) {
	w.Name(name).Array()
	for _, v := range values {
		w.String(v)
	}
	w.EndArray()
}
