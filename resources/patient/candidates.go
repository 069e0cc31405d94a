package patient

import (
	"context"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/search"
)

// maxCandidates bounds what one key brings: so many Patients share no key that tells people apart.
const maxCandidates = 2_000

// candidates finds the Patients that have something in common with the one that is wanted: those with one of its identifiers, and nobody
// else then, or those with its birth date (days and months may have changed places), its email, its phone number in one of the ways in
// which people write them, or a family name that begins as its does and the year of its birth.
func (m *Module) candidates(ctx context.Context, tx fhir.Tx, base string, wanted *traits) (list []*fhir.Resource, identified bool, err error) {
	seen := make(map[string]bool)
	look := func(params ...fhir.Param) error {
		q, err := m.query(base, "Patient", params...)
		if err != nil {
			return err
		}
		n := 0
		return search.Each(ctx, tx, q, func(r *fhir.Resource) bool {
			if !seen[r.ID()] {
				seen[r.ID()] = true
				list = append(list, r)
			}
			n++
			return n < maxCandidates
		})
	}
	if len(wanted.identifiers) > 0 {
		var tokens []string
		for _, id := range wanted.identifiers {
			tokens = append(tokens, search.Escape(id.system)+"|"+search.Escape(id.value))
		}
		if err := look(fhir.Param{Name: "identifier", Value: strings.Join(tokens, ",")}); err != nil || len(list) > 0 {
			return list, true, err
		}
	}
	for _, params := range wanted.keys() {
		if err := look(params...); err != nil {
			return nil, false, err
		}
	}
	return list, false, nil
}

// keys are the searches for candidates.
func (t *traits) keys() (list []fhir.Params) {
	if len(t.birthDate) == 10 {
		dates := t.birthDate
		if swapped := swappedDate(t.birthDate); swapped != t.birthDate {
			if _, ok := fhir.ParseTemporal(swapped, time.UTC); ok {
				dates += "," + swapped
			}
		}
		list = append(list, fhir.Params{{Name: "birthdate", Value: dates}})
	}
	if len(t.birthDate) >= 4 {
		for _, name := range t.families {
			first := string([]rune(name)[:1])
			list = append(list, fhir.Params{{Name: "family", Value: search.Escape(first)}, {Name: "birthdate", Value: t.birthDate[:4]}})
		}
	}
	var phones, emails []string
	for _, phone := range t.phones {
		for _, way := range phone.ways() {
			phones = append(phones, search.Escape(way))
		}
	}
	for _, email := range t.emails {
		emails = append(emails, search.Escape(email.written))
		if email.folded != email.written {
			emails = append(emails, search.Escape(email.folded))
		}
	}
	if len(phones) > 0 {
		list = append(list, fhir.Params{{Name: "phone", Value: strings.Join(phones, ",")}})
	}
	if len(emails) > 0 {
		list = append(list, fhir.Params{{Name: "email", Value: strings.Join(emails, ",")}})
	}
	return list
}

// ways are the usual ways to write a phone number.
func (p phone) ways() []string {
	d := p.digits
	list := []string{p.written, d, "+" + d}
	if len(d) >= 10 {
		n := len(d) - 10
		country, area, office, line := d[:n], d[n:n+3], d[n+3:n+6], d[n+6:]
		list = append(list, area+office+line, area+"-"+office+"-"+line, "("+area+") "+office+"-"+line, area+"."+office+"."+line, area+" "+office+" "+line)
		if country == "" {
			country = "1"
		}
		list = append(list, "+"+country+"-"+area+"-"+office+"-"+line, "+"+country+" "+area+" "+office+" "+line, "+"+country+area+office+line,
			"+"+country+" ("+area+") "+office+"-"+line, country+"-"+area+"-"+office+"-"+line)
	}
	if len(d) == 7 {
		list = append(list, d[:3]+"-"+d[3:])
	}
	return list
}
