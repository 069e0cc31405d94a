-- Names that rows refer to by number: resource types, token systems, index slots.
CREATE TABLE dictionary (
	id   INTEGER PRIMARY KEY,
	kind INTEGER NOT NULL,
	text TEXT NOT NULL,
	UNIQUE (kind, text)
);

-- Every version of every resource, in commit order: history and outbox. Appended to, never changed.
-- rid is type << 32 | n, where n counts the resources of a type. body is fhir.Resource.Body, NULL for a deletion;
-- id is kept apart only there. at is in milliseconds since 1970. method: 1 create, 2 update, 3 delete.
CREATE TABLE version (
	seq    INTEGER PRIMARY KEY,
	rid    INTEGER NOT NULL,
	vid    INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	method INTEGER NOT NULL,
	id     TEXT,
	body   TEXT
);
-- (type, seq): history of a type, _lastUpdated.
CREATE INDEX version_type ON version (rid >> 32);

-- Logical id -> n. A UUID in lower case is kept as its 16 bytes.
CREATE TABLE resource (
	type INTEGER NOT NULL,
	id   BLOB NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (type, id)
) WITHOUT ROWID;

-- The current version of each resource, deletions included.
CREATE TABLE current (
	rid     INTEGER PRIMARY KEY,
	seq     INTEGER NOT NULL,
	deleted INTEGER NOT NULL
);

-- Where the versions before the current one are.
CREATE TABLE superseded (
	rid INTEGER NOT NULL,
	vid INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	PRIMARY KEY (rid, vid)
) WITHOUT ROWID;

-- The search index: one clustered table per kind of value. slot is in the dictionary and implies the resource type,
-- so n is enough to name the resource. Equality on the columns before n gives resources in the order of n.
CREATE TABLE token (
	slot   INTEGER NOT NULL,
	code   TEXT NOT NULL,
	n      INTEGER NOT NULL,
	system INTEGER NOT NULL, -- 0 = none
	PRIMARY KEY (slot, code, n, system)
) WITHOUT ROWID;

CREATE TABLE string (
	slot   INTEGER NOT NULL,
	folded TEXT NOT NULL,
	n      INTEGER NOT NULL,
	text   TEXT NOT NULL,
	PRIMARY KEY (slot, folded, n, text)
) WITHOUT ROWID;
-- What a resource has: to test and to sort what another criterion has found. A token needs none, its code is known.
CREATE INDEX string_n ON string (slot, n, folded);

-- low and high are sortable instants (see encode.go), the interval is half-open.
CREATE TABLE date (
	slot INTEGER NOT NULL,
	low  BLOB NOT NULL,
	high BLOB NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (slot, low, high, n)
) WITHOUT ROWID;
CREATE INDEX date_n ON date (slot, n, low);

CREATE TABLE reference (
	slot    INTEGER NOT NULL,
	id      BLOB NOT NULL, -- logical id as in resource, or a URL
	n       INTEGER NOT NULL,
	type    INTEGER NOT NULL, -- 0 = id is a URL
	version TEXT NOT NULL,
	base    INTEGER NOT NULL, -- of an absolute reference; 0 = relative
	PRIMARY KEY (slot, id, n, type, version, base)
) WITHOUT ROWID;

CREATE TABLE uri (
	slot INTEGER NOT NULL,
	uri  TEXT NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (slot, uri, n)
) WITHOUT ROWID;

-- How often each guard has been taken by an update that wrote something.
CREATE TABLE guard (
	key TEXT PRIMARY KEY,
	n   INTEGER NOT NULL
) WITHOUT ROWID;

-- index: what has written the search index.
CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
