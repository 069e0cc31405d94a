-- Where places are, in degrees.
CREATE TABLE position (
	slot      INTEGER NOT NULL,
	latitude  REAL NOT NULL,
	longitude REAL NOT NULL,
	n         INTEGER NOT NULL,
	PRIMARY KEY (slot, latitude, longitude, n)
) WITHOUT ROWID;
