package scheduling

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
	"andiron.dev/resources/scheduling/availability"
	"andiron.dev/smart"
)

// R4 finds Slots and Appointments by their start alone, which says nothing of what is still going on, and a search for a Schedule and a time at once has to
// look at all of one of them. So each is also entered in diaries, in the commit that writes it: a record for each day (UTC) that it touches, owned by that day
// of the Schedule, or of each participant. A calendar is read day by day, whatever lies before and after; two updates that read and write the same day do not
// both go by what was there before.
const (
	slotDiary        = "diary-slot"
	appointmentDiary = "diary-appointment"
)

// entry is what a diary says of a Slot or an Appointment.
type entry struct {
	Ref      string
	Status   string
	From, To int64    // milliseconds since 1970
	Expires  int64    // of a hold
	Owner    string   // of a Slot: the Appointment that it says it belongs to
	Types    []string // serviceType, as "system|code"
	Slots    []string // of an Appointment
	Whose    []string // the Schedule, or who takes part
}

// text is the entry as the value of a record: a JSON string of words. Calendars are read by thousands of entries, which JSON objects would make dear.
func (e *entry) text() []byte {
	words := func(list []string) string {
		for i, one := range list {
			list[i] = url.QueryEscape(one)
		}
		return "," + strings.Join(list, ",")
	}
	return fmt.Appendf(nil, `"%s %s %d %d %d ,%s %s %s %s"`, e.Ref, url.QueryEscape(e.Status), e.From, e.To, e.Expires, e.Owner, words(slices.Clone(e.Types)), words(slices.Clone(e.Slots)), words(slices.Clone(e.Whose)))
}

// readEntry reads the value of a record.
func readEntry(value []byte) (*entry, error) {
	f := strings.Split(strings.Trim(string(value), `"`), " ")
	if len(f) != 9 {
		return nil, fhir.Internal(errors.New("an entry of a diary cannot be read"))
	}
	e := &entry{Ref: f[0], Status: f[1], Owner: f[5][1:]}
	for i, n := range []*int64{&e.From, &e.To, &e.Expires} {
		var err error
		if *n, err = strconv.ParseInt(f[2+i], 10, 64); err != nil {
			return nil, fhir.Internal(err)
		}
	}
	for i, list := range []*[]string{&e.Types, &e.Slots, &e.Whose} {
		words := strings.Split(f[6+i], ",")[1:]
		if len(words) == 1 && words[0] == "" {
			continue
		}
		for j, word := range words {
			if strings.ContainsAny(word, "%+") {
				words[j], _ = url.QueryUnescape(word)
			}
		}
		*list = words
	}
	return e, nil
}

// maxDiary is how many days something is entered on; what is longer is entered once, as always going on.
const maxDiary = 62

// always is the day of what is longer.
const always = "always"

func (e *entry) span() availability.Span {
	return availability.Span{Start: time.UnixMilli(e.From).UTC(), End: time.UnixMilli(e.To).UTC()}
}

// over reports whether it is a hold that has expired.
func (e *entry) over(now time.Time) bool {
	return e.Expires != 0 && now.UnixMilli() >= e.Expires && (e.Status == pending || e.Status == "busy-tentative")
}

// of reports whether it is of one of some service types.
func (e *entry) of(types []string) bool {
	return slices.ContainsFunc(e.Types, func(one string) bool { return slices.Contains(types, one) })
}

// entryOf is what is to be entered of a Slot or an Appointment, and in whose diaries; nil where it says nothing about time that is or was taken, or free.
func entryOf(r *fhir.Resource) (e *entry, owners []string) {
	if r == nil {
		return nil, nil
	}
	root := r.Root()
	start, end, expires := moment(root.Get("start")), moment(root.Get("end")), moment(extension(root, ours+"hold-expires").Get("valueInstant"))
	e = &entry{Ref: r.Reference(), Status: root.Get("status").Text(), From: start.UnixMilli(), To: end.UnixMilli(), Types: codings(root, "serviceType")}
	if !expires.IsZero() {
		e.Expires = expires.UnixMilli()
	}
	if start.IsZero() || !start.Before(end) {
		return nil, nil
	}
	if r.Type() == "Slot" {
		schedule := fhir.ParseReference(root.Get("schedule").Get("reference").Text()).Relative()
		if e.Status == mistaken || schedule == "" {
			return nil, nil
		}
		e.Owner = fhir.ParseReference(extension(root, slotAppointment).Get("valueReference").Get("reference").Text()).Relative()
		e.Whose = []string{schedule}
		return e, e.Whose
	}
	if !blocks(e.Status) && e.Status != fulfilled && e.Status != noShow {
		return nil, nil
	}
	a := appointmentOf(r)
	for _, slot := range a.slots {
		if ref := fhir.ParseReference(slot).Relative(); ref != "" {
			e.Slots = append(e.Slots, ref)
		}
	}
	owners = slices.Concat(a.actors, a.patients)
	slices.Sort(owners)
	e.Whose = slices.Compact(owners)
	return e, e.Whose
}

// pages are the days of diaries that something is entered on, by the keys of the records: the values are their owners.
func (e *entry) pages(owners []string) map[string]string {
	pages := make(map[string]string)
	if e == nil {
		return pages
	}
	s := e.span()
	on := []string{always}
	if s.End.Sub(s.Start) <= maxDiary*24*time.Hour {
		on = days(s.Start, s.End)
	}
	for _, owner := range owners {
		for _, day := range on {
			pages[owner+" "+day+" "+e.Ref] = owner + " " + day
		}
	}
	return pages
}

// diaryRule is a rule of Slot and Appointment that refuses nothing: it keeps the diaries.
func (m *Module) diaryRule(ctx context.Context, c *fhir.Change) (*fhir.Resource, error) {
	return nil, m.enterDiaries(smart.System(ctx), c.Tx, c.Before, c.After)
}

func (m *Module) enterDiaries(ctx context.Context, tx fhir.Tx, before, after *fhir.Resource) error {
	was, wasOwners := entryOf(before)
	is, isOwners := entryOf(after)
	kind := slotDiary
	if r := after; r == nil && before.Type() == "Appointment" || r != nil && r.Type() == "Appointment" {
		kind = appointmentDiary
	}
	pages := is.pages(isOwners)
	for key := range was.pages(wasOwners) {
		if _, kept := pages[key]; !kept {
			if err := tx.Drop(ctx, kind, key); err != nil {
				return err
			}
		}
	}
	if len(pages) == 0 {
		return nil
	}
	value := is.text()
	for key, owner := range pages {
		if err := tx.Keep(ctx, &fhir.Record{Kind: kind, Key: key, Owner: owner, Value: value}); err != nil {
			return err
		}
	}
	return nil
}

// readDiaries reads what is entered of the owners (Schedules of slotDiary, participants of appointmentDiary) on the days of a span, and overlaps it. An update
// reads the list of each day, and so hears of what others enter there meanwhile; a snapshot goes through the days at once.
func (m *Module) readDiaries(ctx context.Context, tx fhir.Tx, kind string, owners map[string]bool, s availability.Span, snapshot bool) ([]*entry, error) {
	ctx = smart.System(ctx)
	if written, err := m.diaries.written(ctx, tx); err != nil {
		return nil, err
	} else if !written {
		return m.searchDiaries(ctx, tx, kind, owners, s)
	}
	r := &diaryReader{tx: tx, kind: kind, span: s, seen: make(map[string]bool)}
	on := days(s.Start, s.End)
	for owner := range owners {
		lists := append(on[:len(on):len(on)], always)
		if snapshot {
			if err := r.list(ctx, "", owner+" "+on[0], owner+" "+on[len(on)-1]+" ~"); err != nil {
				return nil, err
			}
			lists = []string{always}
		}
		for _, day := range lists {
			if err := r.list(ctx, owner+" "+day, "", "~"); err != nil {
				return nil, err
			}
		}
	}
	return r.found, nil
}

// diaryReader gathers entries.
type diaryReader struct {
	tx    fhir.Tx
	kind  string
	span  availability.Span
	seen  map[string]bool
	found []*entry
}

// list reads records of an owner ("" = of all), those with keys after one and up to another.
func (r *diaryReader) list(ctx context.Context, owner, after, last string) error {
	const most = 128 // what is beyond the bounds is read for nothing
	for {
		records, err := r.tx.Records(ctx, r.kind, owner, after, most)
		if err != nil {
			return err
		}
		for _, record := range records {
			if record.Key > last {
				return nil
			}
			e, err := readEntry(record.Value)
			if err != nil {
				return err
			}
			if !r.seen[e.Ref] && e.span().Overlaps(r.span) {
				r.seen[e.Ref] = true
				r.found = append(r.found, e)
			}
		}
		if len(records) < most {
			return nil
		}
		after = records[len(records)-1].Key
	}
}

// searchDiaries is readDiaries for a store whose diaries are not complete: it looks at everything that has begun by the end of the span.
func (m *Module) searchDiaries(ctx context.Context, tx fhir.Tx, kind string, owners map[string]bool, s availability.Span) (list []*entry, err error) {
	before := "lt" + instant(s.End.Add(time.Second).Truncate(time.Second))
	seen := make(map[string]bool)
	for _, lot := range anyOf(owners) {
		searches := map[string][]fhir.Param{"Slot": {{Name: "schedule", Value: lot}, {Name: "start", Value: before}}}
		if kind == appointmentDiary {
			searches = map[string][]fhir.Param{"Appointment": {{Name: "actor", Value: lot}, {Name: "date", Value: before}}}
		}
		for typ, params := range searches {
			found, err := m.found(ctx, tx, typ, 0, params...)
			if err != nil {
				return nil, err
			}
			for _, r := range found {
				if e, _ := entryOf(r); e != nil && !seen[e.Ref] && e.span().Overlaps(s) {
					seen[e.Ref] = true
					list = append(list, e)
				}
			}
		}
	}
	return list, nil
}
