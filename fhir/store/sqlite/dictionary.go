package sqlite

import "sync"

// Kinds of names in the dictionary.
const (
	typeName   int64 = 1
	systemName int64 = 2
	slotName   int64 = 3
	baseName   int64 = 4
	textName   int64 = 5 // folded texts of tokens
)

// dictionary caches the numbers of names, which do not change, slots aside (see forget). Entries are added only when the commit that made them is
// done: what the writer's connection finds meanwhile stays with it (conn.fresh), because a rollback takes the number back.
type dictionary struct {
	mu    sync.RWMutex
	ids   map[name]int64
	epoch int64            // counts forget
	types map[int64]string // the way back, for resource types only
}

type name struct {
	kind int64
	text string
}

// maxNames bounds the cache: clients choose token systems, and one that sends a new one each time must not fill memory.
const maxNames = 20_000

func newDictionary() *dictionary {
	return &dictionary{ids: make(map[name]int64), types: make(map[int64]string)}
}

func (d *dictionary) cached(c *conn, n name) (int64, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if n.kind == slotName && c.epoch != d.epoch {
		return 0, false
	}
	id, ok := d.ids[n]
	return id, ok
}

func (d *dictionary) add(c *conn, n name, id int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n.kind == slotName && c.epoch != d.epoch {
		return
	}
	if len(d.ids) >= maxNames {
		clear(d.ids)
	}
	d.ids[n] = id
	if n.kind == typeName {
		d.types[id] = n.text
	}
}

// forget drops what is cached of a kind whose numbers have changed after all: slots get others when they are filled anew. What a
// connection has read in a transaction that began before counts for that transaction alone.
func (d *dictionary) forget(kind int64) (epoch int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := range d.ids {
		if n.kind == kind {
			delete(d.ids, n)
		}
	}
	d.epoch++
	return d.epoch
}

func (d *dictionary) now() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.epoch
}

// id returns the number of a name, 0 where it has none: nothing in the store refers to it.
func (d *dictionary) id(c *conn, kind int64, text string) (int64, error) {
	n := name{kind, text}
	if id, ok := d.cached(c, n); ok {
		return id, nil
	}
	if id, ok := c.fresh[n]; ok {
		return id, nil
	}
	id, err := c.lookUp(n)
	if err == nil && id != 0 {
		d.keep(c, n, id)
	}
	return id, err
}

// keep remembers what a connection has found.
func (d *dictionary) keep(c *conn, n name, id int64) {
	if c.fresh != nil {
		c.fresh[n] = id
		return
	}
	d.add(c, n, id)
}

func (c *conn) lookUp(n name) (id int64, err error) {
	stmt := c.dictionaryID
	stmt.BindInt64(1, n.kind)
	stmt.BindText(2, n.text)
	found, err := stmt.Step()
	if found {
		id = stmt.ColumnInt64(0)
	}
	return id, firstError(err, stmt.Reset())
}

// typeOf returns the resource type that a rid belongs to.
func (d *dictionary) typeOf(c *conn, rid int64) (string, error) {
	id := rid >> 32
	d.mu.RLock()
	text, ok := d.types[id]
	d.mu.RUnlock()
	if ok {
		return text, nil
	}
	stmt := c.dictionaryText
	stmt.BindInt64(1, id)
	stmt.BindInt64(2, typeName)
	found, err := stmt.Step()
	if found {
		text = stmt.ColumnText(0)
		d.keep(c, name{typeName, text}, id)
	}
	return text, firstError(err, stmt.Reset())
}

// ensure returns the number of a name, making one where there is none. It belongs to the writer, within a transaction.
func (w *writer) ensure(kind int64, text string) (int64, error) {
	id, err := w.store.names.id(w.conn, kind, text)
	if err != nil || id != 0 {
		return id, err
	}
	w.insertName.BindInt64(1, kind)
	w.insertName.BindText(2, text)
	if err := run(w.insertName); err != nil {
		return 0, err
	}
	id = w.conn.LastInsertRowID()
	w.conn.fresh[name{kind, text}] = id
	return id, nil
}

// ensureOr0 is ensure for a name that may be missing: "" has the number 0.
func (w *writer) ensureOr0(kind int64, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	return w.ensure(kind, text)
}

// publish makes the names of a committed transaction known to all.
func (w *writer) publish() {
	for n, id := range w.conn.fresh {
		w.store.names.add(w.conn, n, id)
	}
	clear(w.conn.fresh)
}
