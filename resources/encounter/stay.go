package encounter

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"andiron.dev/fhir"
)

// stay is what the rules go by in an Encounter.
type stay struct {
	*fhir.Resource
	root    fhir.Element
	status  string
	class   string
	patient string // id; "" = none of this server
	start   time.Time
	ends    time.Time // the expected end, zero = not said
}

// plannedEnd is the R5 element Encounter.plannedEndDate.
const plannedEnd = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedEndDate"

// stayOf reads an Encounter; nil gives one without a status.
func (m *Module) stayOf(r *fhir.Resource) *stay {
	s := &stay{Resource: r}
	if r == nil {
		return s
	}
	s.root = r.Root()
	s.status, s.class = s.root.Get("status").Text(), s.root.Get("class").Get("code").Text()
	if ref, ok := m.local(s.root.Get("subject").Get("reference").Text()); ok && ref.Type == "Patient" {
		s.patient = ref.ID
	}
	s.start, _ = when(s.root.Get("period").Get("start"))
	for e := range s.root.Each("extension") {
		if e.Get("url").Text() == plannedEnd {
			s.ends, _ = when(e.Get("valueDateTime"))
		}
	}
	return s
}

// single reports whether it is a stay of which a patient has one at a time.
func (s *stay) single() bool { return s.patient != "" && present(s.status) && inpatient(s.class) }

// place is a location of an Encounter.
type place struct {
	id     string // of the Location; "" = none of this server
	status string // active, reserved, planned, completed
	start  time.Time
	end    time.Time // zero = open
	at     int       // index among the locations
}

// places are the locations of an Encounter in their order. One that says nothing is where the patient is, as long as the visit goes on.
func (m *Module) places(s *stay) (list []place) {
	for e := range s.root.Each("location") {
		p := place{status: e.Get("status").Text(), at: len(list)}
		if ref, ok := m.local(e.Get("location").Get("reference").Text()); ok && ref.Type == "Location" {
			p.id = ref.ID
		}
		p.start, _ = when(e.Get("period").Get("start"))
		p.end, _ = when(e.Get("period").Get("end"))
		if p.status == "" {
			switch {
			case !p.end.IsZero() || over(s.status):
				p.status = "completed"
			case s.status == planned:
				p.status = planned
			default:
				p.status = "active"
			}
		}
		list = append(list, p)
	}
	return list
}

// held are the places that an Encounter keeps from others, if they are beds: while the visit goes on or is to come.
func (m *Module) held(s *stay) (list []place) {
	if !open(s.status) {
		return nil
	}
	for _, p := range m.places(s) {
		if p.id != "" && (p.status == "active" || p.status == "reserved") {
			list = append(list, p)
		}
	}
	return list
}

// bedGuard is the guard of a bed.
func bedGuard(id string) string { return "bed:" + id }

// openGuard is the guard of the one open stay of a patient.
func openGuard(patient string) string { return "enc-open:" + hashed(patient) }

// hashed keeps what names a patient out of guards.
func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// guards are what must not change while an Encounter does: the beds that it keeps or kept, and whether the patient has another stay.
func (m *Module) guards(before, after *fhir.Resource) (list []string, _ error) {
	was, is := m.stayOf(before), m.stayOf(after)
	for _, s := range []*stay{was, is} {
		for _, p := range m.held(s) {
			list = append(list, bedGuard(p.id))
		}
	}
	if is.single() {
		list = append(list, openGuard(is.patient))
	}
	return list, nil
}
