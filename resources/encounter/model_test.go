package encounter_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// ledger is a hospital as simple as can be: what the real one is held against.
type ledger struct {
	beds    map[string]string // status
	stays   map[string]*ledgerStay
	planned map[string]*ledgerStay
}

// ledgerStay is the last stay of a patient, or one that is to come.
type ledgerStay struct {
	id, status, bed string
	left            bool   // was on leave once
	gone            string // how it ended
}

func (l *ledger) open(patient string) bool {
	s := l.stays[patient]
	return s != nil && s.status != "finished"
}

func (l *ledger) reserved(bed, but string) bool {
	for patient, s := range l.planned {
		if s.bed == bed && patient != but {
			return true
		}
	}
	return false
}

// TestModel makes random moves, and compares each answer, and then all beds and stays, with the ledger.
func TestModel(t *testing.T) {
	const steps = 1200
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 7))
	t.Logf("seed %d", seed)
	h := open(t)
	h.put(place("ward", "wa", "", ""))
	l := &ledger{beds: map[string]string{}, stays: map[string]*ledgerStay{}, planned: map[string]*ledgerStay{}}
	var beds, patients []string
	for i := range 6 {
		beds = append(beds, fmt.Sprintf("bed-%d", i))
		h.put(place(beds[i], "bd", "ward", unoccupied))
		l.beds[beds[i]] = "U"
	}
	for i := range 6 {
		patients = append(patients, fmt.Sprintf("p%d", i))
		h.put(patient(patients[i]))
	}
	none := `{"name":"plan","valueCanonical":"http://example.org/nothing"}`
	h.put(`{"resourceType":"PlanDefinition","id":"nothing","url":"http://example.org/nothing","status":"active","action":[{"title":"see the patient","requiredBehavior":"could"}]}`)
	var moves []string
	for move, weight := range map[string]int{"admit": 3, "plain": 2, "transfer": 4, "swap": 4, "leave": 1, "return": 2, "discharge": 1, "finish": 1, "clean": 4, "reserve": 1, "cancel": 2} {
		for range weight {
			moves = append(moves, move)
		}
	}
	slices.Sort(moves)
	done := map[string]int{}
	for step := range steps {
		h.pass(time.Minute)
		p, bed := patients[random.IntN(len(patients))], beds[random.IntN(len(beds))]
		s := l.stays[p]
		var a *answer
		var ok bool
		move := moves[random.IntN(len(moves))]
		switch move {
		case "admit", "plain":
			ok = !l.open(p) && l.beds[bed] == "U" && !l.reserved(bed, "")
			if move == "admit" {
				a = h.admit(p, bed, none)
			} else {
				a = h.do("POST", "/Encounter", `{"resourceType":"Encounter","status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/`+p+`"},"location":[{"location":{"reference":"Location/`+bed+`"},"status":"active"}]}`)
			}
			if ok && a.status < 300 {
				l.stays[p], l.beds[bed] = &ledgerStay{id: a.id("Encounter"), status: "in-progress", bed: bed}, "O"
			}
		case "transfer":
			if s == nil {
				continue
			}
			ok = s.status == "in-progress" && s.bed != bed && l.beds[bed] == "U" && !l.reserved(bed, "")
			if a = h.do("POST", "/Encounter/"+s.id+"/$transfer", params(ref("location", "Location/"+bed))); ok {
				l.beds[s.bed], l.beds[bed], s.bed = "H", "O", bed
			}
		case "swap":
			other := l.stays[patients[random.IntN(len(patients))]]
			if s == nil || other == nil {
				continue
			}
			ok = s != other && s.status == "in-progress" && other.status == "in-progress"
			if a = h.do("POST", "/Encounter/$swap-beds", params(ref("encounter", "Encounter/"+s.id), ref("encounter", "Encounter/"+other.id))); ok {
				s.bed, other.bed = other.bed, s.bed
			}
		case "leave":
			if s == nil {
				continue
			}
			ok = s.status != "finished"
			if a = h.do("POST", "/Encounter/"+s.id+"/$leave", ""); ok {
				s.status, s.left = "onleave", true
			}
		case "return":
			if s == nil {
				continue
			}
			ok = s.status == "onleave" || s.status == "in-progress" && s.left
			if a = h.do("POST", "/Encounter/"+s.id+"/$return", ""); ok {
				s.status = "in-progress"
			}
		case "discharge", "finish":
			if s == nil {
				continue
			}
			if move == "discharge" {
				a = h.do("POST", "/Encounter/"+s.id+"/$discharge", params(toHome))
			} else {
				e := h.do("GET", "/Encounter/"+s.id, "").is(200).body
				e["status"] = "finished"
				text, err := json.Marshal(e)
				if err != nil {
					t.Fatal(err)
				}
				a = h.do("PUT", "/Encounter/"+s.id, string(text))
			}
			switch {
			case s.status != "finished":
				ok, s.status, l.beds[s.bed], s.bed, s.gone = true, "finished", "H", "", move
			case move == "finish":
				ok = true // nothing changes
			default:
				ok = s.gone == "discharge" // the same again; who has just been written off has no disposition
			}
		case "clean":
			if ok = l.beds[bed] == "H"; ok {
				l.beds[bed] = "U"
			}
			a = h.do("POST", "/Location/"+bed+"/$housekeeping-done", "")
		case "reserve":
			if l.planned[p] != nil {
				continue
			}
			ok = l.beds[bed] != "O" && !l.reserved(bed, "")
			a = h.do("POST", "/Encounter", `{"resourceType":"Encounter","status":"planned","class":{"code":"IMP"},"subject":{"reference":"Patient/`+p+`"},"period":{"start":"2026-12-01T08:00:00Z"},"location":[{"location":{"reference":"Location/`+bed+`"},"status":"reserved"}]}`)
			if ok && a.status < 300 {
				l.planned[p] = &ledgerStay{id: a.id("Encounter"), bed: bed}
			}
		case "cancel":
			plan := l.planned[p]
			if plan == nil {
				continue
			}
			ok = true
			a = h.do("POST", "/Encounter/"+plan.id+"/$cancel", params(`{"name":"reason","valueCodeableConcept":{"text":"no"}}`))
			delete(l.planned, p)
		}
		if (a.status < 300) != ok || a.status >= 500 {
			t.Fatalf("step %d: %s %s %s: %d, should it succeed: %v\n%s", step, move, p, bed, a.status, ok, a.text)
		}
		if ok {
			done[move]++
		}
		if step%10 == 0 {
			h.compare(l)
		}
	}
	h.compare(l)
	t.Log(done)
	for _, move := range slices.Compact(moves) {
		if done[move] == 0 {
			t.Errorf("%s never succeeded", move)
		}
	}
}

// compare holds beds and stays against the ledger.
func (h *hospital) compare(l *ledger) {
	h.t.Helper()
	for bed, code := range l.beds {
		h.bed(bed, code)
	}
	for _, s := range l.stays {
		e := h.do("GET", "/Encounter/"+s.id, "").is(200)
		if e.body["status"] != s.status {
			h.t.Fatalf("%v, want %s", e.body["status"], s.status)
		}
		last, end := "", ""
		for _, one := range e.body["location"].([]any) {
			p := one.(map[string]any)
			period := p["period"].(map[string]any)
			if end != "" && period["start"] != end {
				h.t.Fatalf("a gap after %s: %s", end, e.text)
			}
			end, _ = period["end"].(string)
			if p["status"] == "active" {
				last = p["location"].(map[string]any)["reference"].(string)
			}
		}
		if want := "Location/" + s.bed; last != want && s.bed != "" || last != "" && s.bed == "" {
			h.t.Fatalf("%q, want %q", last, s.bed)
		}
	}
}
