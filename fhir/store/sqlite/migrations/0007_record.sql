-- What a server remembers that is no resource (fhir.Record). owner '' = none. expires is in seconds since 1970; 0 = never. version is
-- another with every write: who has read a record can tell whether it is still the same, even when it was dropped and kept anew.
CREATE TABLE record (
	kind    TEXT NOT NULL,
	key     TEXT NOT NULL,
	owner   TEXT NOT NULL,
	expires INTEGER NOT NULL,
	version INTEGER NOT NULL,
	value   BLOB NOT NULL,
	PRIMARY KEY (kind, key)
) WITHOUT ROWID;
CREATE INDEX record_owner ON record (kind, owner, key) WHERE owner <> '';
-- What is to be swept.
CREATE INDEX record_expires ON record (expires) WHERE expires <> 0;
