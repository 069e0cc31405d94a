package authserver

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"andiron.dev/fhir"
	"andiron.dev/search"
	"andiron.dev/smart"
	"andiron.dev/smart/account"
)

// pickerRows is how many patients the picker shows; who has more to choose from searches.
const pickerRows = 25

// maxPickerField bounds what is searched for, in bytes.
const maxPickerField = 200

// patientRow is a patient to choose.
type patientRow struct {
	ID, Name, BirthDate, Gender, Identifier string
}

// pickerView is the page on which a user says whose record the app is for.
type pickerView struct {
	Request, CSRF               string
	Client                      *Client
	User                        *account.User
	Name, BirthDate, Identifier string // searched for
	Patients                    []patientRow
	More                        bool // than are shown
	Mistake                     string
}

// showPicker shows the patients that the user may see, those of a search where there is one.
func (s *Server) showPicker(w http.ResponseWriter, r *http.Request, status int, id string, p *pending, sess *account.Session, v url.Values) {
	c, err := s.clientNow(r.Context(), p.Client)
	if err == nil && c == nil {
		err = refuse(unauthorizedClient, "the client has been disabled")
	}
	if err != nil {
		s.drop(w, r, id, p, err)
		return
	}
	view := &pickerView{Request: id, CSRF: p.CSRF, Client: c, User: sess.User,
		Name: strings.TrimSpace(v.Get("name")), BirthDate: strings.TrimSpace(v.Get("birthdate")), Identifier: strings.TrimSpace(v.Get("identifier"))}
	var params fhir.Params
	for _, field := range []struct{ name, value string }{{"name", view.Name}, {"birthdate", view.BirthDate}, {"identifier", view.Identifier}} {
		if len(field.value) > maxPickerField {
			view.Mistake, status = "What you search for is too long.", http.StatusBadRequest
		} else if field.value != "" {
			params = append(params, fhir.Param{Name: field.name, Value: escaped(field.name, field.value)})
		}
	}
	if view.Mistake == "" {
		view.Patients, view.More, err = s.patients(r.Context(), sess, params, pickerRows)
		switch fhir.CodeOf(err) {
		case "":
		case fhir.Invalid, fhir.Value, fhir.NotSupported:
			view.Mistake, status = "A date of birth is written like 1980-12-31; an identifier may have its system and '|' before it.", http.StatusBadRequest
		default:
			s.drop(w, r, id, p, err)
			return
		}
	}
	s.page(w, r, status, "picker", view)
}

// escaped keeps a comma from meaning "or"; in an identifier '|' separates the system.
func escaped(name, value string) string {
	value = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`).Replace(value)
	if name == "name" {
		value = strings.ReplaceAll(value, `|`, `\|`)
	}
	return value
}

// choosePatient takes a form of the picker: a search, a choice, or that nobody is to be chosen.
func (s *Server) choosePatient(w http.ResponseWriter, r *http.Request) {
	values, id, p, sess, err := s.answered(r)
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	switch {
	case p.Chosen:
		s.proceed(w, r, id, p)
	case values.Get("decision") == "deny":
		s.refused(w, r, id, p, sess)
	case values.Get("patient") == "":
		s.showPicker(w, r, http.StatusOK, id, p, sess, values)
	default:
		s.chosen(w, r, id, sess, values.Get("patient"))
	}
}

func (s *Server) chosen(w http.ResponseWriter, r *http.Request, id string, sess *account.Session, patient string) {
	_, err := s.patientRow(r.Context(), sess, patient)
	if hidden(err) {
		err = refuse(invalidRequest, "There is no such patient.")
	}
	if err == nil {
		_, err = s.change(r, id, func(p *pending) error {
			p.Patient, p.Chosen = patient, true
			return nil
		})
	}
	if err != nil {
		s.sorry(w, r, err)
		return
	}
	http.Redirect(w, r, s.url(r, "/continue")+"?request="+id, http.StatusSeeOther)
}

// onlyPatient is the patient of a user who may see no other; "" = there are several, or none.
func (s *Server) onlyPatient(ctx context.Context, sess *account.Session) (string, error) {
	list, more, err := s.patients(ctx, sess, nil, 1)
	if err != nil || more || len(list) != 1 {
		return "", err
	}
	return list[0].ID, nil
}

// asUser is the context in which the guarded store shows what the user may see of patients.
func (s *Server) asUser(ctx context.Context, sess *account.Session) context.Context {
	scopes, _ := smart.ParseScopes("user/Patient.rs")
	u := sess.User
	return smart.With(ctx, &smart.Principal{
		Subject: u.Subject(), Name: u.Username, FhirUser: u.FhirUser, Roles: u.Roles, Scopes: scopes,
		AuthTime: sess.AuthTime, ACR: sess.ACR(), AMR: sess.AMR, Purpose: "TREAT",
	})
}

// patients are those of a search that the user may see.
func (s *Server) patients(ctx context.Context, sess *account.Session, params fhir.Params, most int) (list []patientRow, more bool, err error) {
	if s.config.Guarded == nil || s.config.Params == nil {
		return nil, false, nil
	}
	q, _, err := s.config.Params.Parse("Patient", append(params, fhir.Param{Name: "_sort", Value: "family"}), search.Options{Strict: true, Count: most + 1, Now: s.config.Now})
	if err != nil {
		return nil, false, err
	}
	ctx = s.asUser(ctx, sess)
	err = s.config.Guarded.View(ctx, func(tx fhir.Tx) error {
		found, err := tx.Search(ctx, q)
		if err != nil {
			return err
		}
		list, more = nil, found.Next != ""
		for _, one := range found.Resources {
			if len(list) == most {
				more = true
				break
			}
			list = append(list, *rowOf(one))
		}
		return nil
	})
	if fhir.CodeOf(err) == fhir.Forbidden { // by the user's roles there are none
		return nil, false, nil
	}
	return list, more, err
}

// hidden reports whether an error says that the user may not see a patient, or that there is none.
func hidden(err error) bool { return fhir.Gone(err) || fhir.CodeOf(err) == fhir.Forbidden }

// patientRow is a patient whom the user may see. Errors: NotFound, Deleted, Forbidden.
func (s *Server) patientRow(ctx context.Context, sess *account.Session, id string) (row *patientRow, err error) {
	if !fhir.ValidID(id) {
		return nil, fhir.NewOutcome(fhir.NotFound, "there is no such patient")
	}
	if s.config.Guarded == nil {
		return &patientRow{ID: id}, nil
	}
	ctx = s.asUser(ctx, sess)
	err = s.config.Guarded.View(ctx, func(tx fhir.Tx) error {
		one, err := tx.Read(ctx, "Patient", id)
		if err == nil {
			row = rowOf(one)
		}
		return err
	})
	return row, err
}

func rowOf(r *fhir.Resource) *patientRow {
	root := r.Root()
	row := &patientRow{ID: r.ID(), BirthDate: root.Get("birthDate").Text(), Gender: root.Get("gender").Text()}
	for name := range root.Each("name") {
		if row.Name == "" || name.Get("use").Text() == "official" {
			row.Name = nameText(name)
		}
	}
	for identifier := range root.Each("identifier") {
		if row.Identifier = identifier.Get("value").Text(); row.Identifier != "" {
			break
		}
	}
	return row
}

func nameText(name fhir.Element) string {
	if text := name.Get("text").Text(); text != "" {
		return text
	}
	var parts []string
	for given := range name.Each("given") {
		parts = append(parts, given.Text())
	}
	return strings.TrimSpace(strings.Join(append(parts, name.Get("family").Text()), " "))
}
