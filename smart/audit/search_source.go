package audit

import (
	"slices"

	"andiron.dev/fhir"
)

// source gives entries in order, each once: those of one question, or of several that are merged.
type source struct {
	f       *finding
	streams []*stream
}

// stream is the entries of one question to the journal.
type stream struct {
	ask  fhir.JournalQuery
	page []*fhir.JournalEntry
	end  bool
}

// source asks the journal for what may match, from a position on.
func (f *finding) source(after position) (*source, error) {
	ask := fhir.JournalQuery{From: f.hint.from, To: f.hint.to, Descending: !f.oldest, Max: pageOfEntries}
	switch {
	case after.seq == 0:
	case f.oldest:
		ask.After = after.seq - 1 // more of this entry may be to come
	default:
		ask.Before = after.seq + 1
	}
	s := &source{f: f}
	switch {
	case f.hint.seqs != nil:
		for _, seq := range f.hint.seqs {
			if f.oldest && seq >= after.seq || !f.oldest && (after.seq == 0 || seq <= after.seq) {
				s.streams = append(s.streams, &stream{ask: fhir.JournalQuery{After: seq - 1, Before: seq + 1, Max: 1}})
			}
		}
	case f.hint.keys != nil:
		for _, key := range f.hint.keys {
			one := ask
			one.Key, one.Max = key, max(20, pageOfEntries/len(f.hint.keys))
			s.streams = append(s.streams, &stream{ask: one})
		}
	default:
		s.streams = []*stream{{ask: ask}}
	}
	return s, nil
}

// next gives the next entry; nil = there is none.
func (s *source) next() (*fhir.JournalEntry, error) {
	var best *fhir.JournalEntry
	for _, one := range s.streams {
		if err := one.fill(s.f); err != nil {
			return nil, err
		}
		if len(one.page) > 0 && (best == nil || (one.page[0].Seq < best.Seq) == s.f.oldest && one.page[0].Seq != best.Seq) {
			best = one.page[0]
		}
	}
	for _, one := range s.streams {
		if len(one.page) > 0 && one.page[0].Seq == best.Seq {
			one.page = one.page[1:]
		}
	}
	s.streams = slices.DeleteFunc(s.streams, func(one *stream) bool { return one.end && len(one.page) == 0 })
	return best, nil
}

// fill reads on where the last page has been used up.
func (s *stream) fill(f *finding) (err error) {
	if len(s.page) > 0 || s.end {
		return nil
	}
	if s.page, err = f.entries(f.ctx, s.ask); err != nil {
		return err
	}
	s.end = len(s.page) < s.ask.Max
	if n := len(s.page); n > 0 {
		if s.ask.Descending {
			s.ask.Before = s.page[n-1].Seq
		} else {
			s.ask.After = s.page[n-1].Seq
		}
	}
	return nil
}
