package sqlite

import "zombiezen.com/go/sqlite"

// writeStatements are the statements of the writer.
type writeStatements struct {
	beginImmediate, dataVersion, newest, insertName                         *sqlite.Stmt
	insertVersion, insertResource, insertCurrent, updateCurrent, currentSeq *sqlite.Stmt
	insertSuperseded, takeGuardStmt                                         *sqlite.Stmt
	recordVersion, keepRecord, dropRecord, expiredRecord, sweepExpired      *sqlite.Stmt
	newestEntry, insertEntry, insertEntryKey, insertMinute                  *sqlite.Stmt
	insertWords, deleteWords                                                *sqlite.Stmt
	enter, remove                                                           rowStatements
}

// rowStatements enter rows into the tables of the index, or remove them: they take the columns in order.
type rowStatements struct {
	token, text, date, reference, uri, number, quantity, composite, tokenText, position *sqlite.Stmt
}

func (w *writeStatements) prepare(c *sqlite.Conn) error {
	for _, s := range []struct {
		stmt **sqlite.Stmt
		sql  string
	}{
		{&w.beginImmediate, "BEGIN IMMEDIATE"},
		{&w.dataVersion, "PRAGMA data_version"},
		{&w.newest, "SELECT seq, at FROM version ORDER BY seq DESC LIMIT 1"},
		{&w.insertName, "INSERT INTO dictionary (kind, text) VALUES (?, ?)"},
		{&w.insertVersion, "INSERT INTO version (seq, rid, vid, at, method, id, body) VALUES (?, ?, ?, ?, ?, ?, ?)"},
		{&w.insertResource, "INSERT INTO resource (type, id, n) VALUES (?, ?, ?)"},
		{&w.insertCurrent, "INSERT INTO current (rid, seq, deleted) VALUES (?, ?, 0)"},
		{&w.updateCurrent, "UPDATE current SET seq = ?, deleted = ? WHERE rid = ?"},
		{&w.currentSeq, "SELECT seq FROM current WHERE rid = ?"},
		{&w.insertSuperseded, "INSERT INTO superseded (rid, vid, seq) VALUES (?, ?, ?)"},
		{&w.takeGuardStmt, "INSERT INTO guard (key, n) VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1"},
		{&w.recordVersion, "SELECT version FROM record WHERE kind = ? AND key = ?"},
		{&w.keepRecord, `INSERT INTO record (kind, key, owner, expires, version, value) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET owner = excluded.owner, expires = excluded.expires, version = excluded.version, value = excluded.value`},
		{&w.dropRecord, "DELETE FROM record WHERE kind = ? AND key = ?"},
		{&w.expiredRecord, "SELECT 1 FROM record WHERE expires <> 0 AND expires <= ? LIMIT 1"},
		{&w.sweepExpired, `DELETE FROM record WHERE (kind, key) IN
			(SELECT kind, key FROM record WHERE expires <> 0 AND expires <= ? ORDER BY expires LIMIT (? + 0))`},
		{&w.newestEntry, "SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1"},
		{&w.insertEntry, "INSERT INTO journal (seq, time, keys, body, hash) VALUES (?, ?, ?, ?, ?)"},
		{&w.insertEntryKey, "INSERT INTO journal_key (key, seq, more) VALUES (?, ?, ?)"},
		{&w.insertMinute, "INSERT INTO journal_minute (minute, first, last) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last"},
		// A resource may say the same thing twice, so a row may be there already.
		{&w.enter.token, "INSERT OR IGNORE INTO token (slot, code, n, system) VALUES (?, ?, ?, ?)"},
		{&w.remove.token, "DELETE FROM token WHERE slot = ? AND code = ? AND n = ? AND system = ?"},
		{&w.enter.text, "INSERT OR IGNORE INTO string (slot, folded, n, text) VALUES (?, ?, ?, ?)"},
		{&w.remove.text, "DELETE FROM string WHERE slot = ? AND folded = ? AND n = ? AND text = ?"},
		{&w.enter.date, "INSERT OR IGNORE INTO date (slot, low, high, n) VALUES (?, ?, ?, ?)"},
		{&w.remove.date, "DELETE FROM date WHERE slot = ? AND low = ? AND high = ? AND n = ?"},
		{&w.enter.reference, "INSERT OR IGNORE INTO reference (slot, id, n, type, version, base) VALUES (?, ?, ?, ?, ?, ?)"},
		{&w.remove.reference, "DELETE FROM reference WHERE slot = ? AND id = ? AND n = ? AND type = ? AND version = ? AND base = ?"},
		{&w.enter.uri, "INSERT OR IGNORE INTO uri (slot, uri, n, version) VALUES (?, ?, ?, ?)"},
		{&w.remove.uri, "DELETE FROM uri WHERE slot = ? AND uri = ? AND n = ? AND version = ?"},
		{&w.enter.position, "INSERT OR IGNORE INTO position (slot, latitude, longitude, n) VALUES (?, ?, ?, ?)"},
		{&w.remove.position, "DELETE FROM position WHERE slot = ? AND latitude = ? AND longitude = ? AND n = ?"},
		{&w.insertWords, "INSERT INTO words (rowid, word) VALUES (?, ?)"},
		{&w.deleteWords, "INSERT INTO words (words, rowid, word) VALUES ('delete', ?, ?)"},
		{&w.enter.number, "INSERT OR IGNORE INTO number (slot, low, high, n) VALUES (?, ?, ?, ?)"},
		{&w.remove.number, "DELETE FROM number WHERE slot = ? AND low = ? AND high = ? AND n = ?"},
		{&w.enter.quantity, "INSERT OR IGNORE INTO quantity (slot, unit, low, high, n) VALUES (?, ?, ?, ?, ?)"},
		{&w.remove.quantity, "DELETE FROM quantity WHERE slot = ? AND unit = ? AND low = ? AND high = ? AND n = ?"},
		{&w.enter.composite, insertComposite},
		{&w.remove.composite, "DELETE FROM composite WHERE " + whereComposite},
		{&w.enter.tokenText, "INSERT OR IGNORE INTO token_text (slot, text, n) VALUES (?, ?, ?)"},
		{&w.remove.tokenText, "DELETE FROM token_text WHERE slot = ? AND text = ? AND n = ?"},
	} {
		stmt, err := c.Prepare(s.sql)
		if err != nil {
			return err
		}
		*s.stmt = stmt
	}
	return nil
}
