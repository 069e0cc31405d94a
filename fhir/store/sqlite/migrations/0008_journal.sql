-- The journal, in commit order, without gaps. Appended to, never changed. time is in microseconds since 1970; keys is each with its
-- length before it; hash is fhir.JournalHash.
CREATE TABLE journal (
	seq  INTEGER PRIMARY KEY,
	time INTEGER NOT NULL,
	keys BLOB NOT NULL,
	body BLOB NOT NULL,
	hash BLOB NOT NULL
);

-- What entries are found by: key is the beginning of a digest (see keyNumber), so what is found this way is looked at. A row stands for
-- the entry seq and for more: the distances to those that follow with the same key, of one commit. Rows of a key do not overlap.
CREATE TABLE journal_key (
	key  INTEGER NOT NULL,
	seq  INTEGER NOT NULL,
	more BLOB NOT NULL,
	PRIMARY KEY (key, seq)
) WITHOUT ROWID;

-- The first and the last entry from each minute. Those between may be of other minutes: entries need not come in order of time.
CREATE TABLE journal_minute (
	minute INTEGER PRIMARY KEY, -- since 1970
	first  INTEGER NOT NULL,
	last   INTEGER NOT NULL
);
