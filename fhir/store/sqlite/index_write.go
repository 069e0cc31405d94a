package sqlite

import (
	"strings"

	"andiron.dev/search"
)

// writePortion writes the portion in a transaction of the writer, unless things have changed since it was read: then the next one
// makes good for it. A resource that has got another version meanwhile is looked at again.
func (w *writer) writePortion(p *portion) error {
	job, err := w.conn.oneJob("WHERE id = ?", p.job.id)
	if err != nil {
		return err
	}
	if job == nil || job.state != stateRunning || job.place != p.job.place || job.n != p.job.n || w.generation != p.generation {
		return errNothing
	}
	w.fill, w.repairs = p.slots, job.kind == kindRepair
	for i := range p.rows {
		row := &p.rows[i]
		if err := w.again(p, row); err != nil {
			return err
		}
		if row.values == nil {
			continue // deleted
		}
		if err := w.index(nOf(row.rid), row.values, &search.Values{}); err != nil {
			return err
		}
		if job.words {
			w.wordings = append(w.wordings, wording{row.rid, "", row.words})
		}
	}
	w.fill = nil
	if job.words {
		w.gap = p.job // what the rest of this transaction writes lies ahead of it or behind
	}
	return w.advance(p)
}

// again brings a row up to date that has got another version since it was read.
func (w *writer) again(p *portion, row *portionRow) error {
	seq, err := number(w.currentSeq, row.rid)
	if err != nil || seq == row.seq {
		return err
	}
	row.values, row.words = nil, ""
	r := reader{w.store, w.conn}
	n := nOf(row.rid)
	return r.eachRow(row.rid>>32, n-1, n, 1, func(_, seq int64, body string) error {
		row.seq, row.body = seq, strings.Clone(body)
		p.values(w.store, row)
		return nil
	})
}

// advance notes how far the job is, and ends it at the end of the last type.
func (w *writer) advance(p *portion) error {
	job := p.job
	if len(p.rows) > 0 {
		job.n = nOf(p.rows[len(p.rows)-1].rid)
	}
	if p.end {
		job.place, job.n = job.place+1, 0
		w.changed = w.changed || job.words // one type less in the gap
	}
	if job.place == len(job.types) {
		return w.finish(job)
	}
	return w.conn.exec("UPDATE index_job SET place = ?, n = ?, owner = ?, lease = ? WHERE id = ?", job.place, job.n, w.store.owner, millis()+leaseTime.Milliseconds(), job.id)
}
