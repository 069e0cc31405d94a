-- Search parameters that SearchParameter resources of this store define: those in force. definition is the text of the resource.
-- job builds the index, 0 = that has to be decided yet; NULL = the index is complete.
CREATE TABLE parameter (
	id         TEXT PRIMARY KEY, -- of the SearchParameter
	definition TEXT NOT NULL,
	job        INTEGER
) WITHOUT ROWID;

-- What is done to the search index beside requests, in the order of id: the resources of types are walked in the order of n.
-- types is JSON: names, each with the newest n there was when the job was made; place and n say how far the walk is.
-- kind: parameter (first index of search parameters), repair (built anew beside the old one), rebuild (instead of it).
CREATE TABLE index_job (
	id      INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL,
	url     TEXT NOT NULL, -- of the search parameters, with a space between them; '' = all
	words   INTEGER NOT NULL, -- the full text index is built anew as well
	types   TEXT NOT NULL,
	place   INTEGER NOT NULL,
	n       INTEGER NOT NULL,
	state   TEXT NOT NULL, -- queued, running, complete, cancelled
	created INTEGER NOT NULL,
	ended   INTEGER NOT NULL,
	owner   TEXT NOT NULL, -- the process that works on it, until lease
	lease   INTEGER NOT NULL
);

-- Numbers of slots beside those in the dictionary. next: being filled, and written together with the slot's own number; previous:
-- taken the place of, but still written, for processes that do not know yet; dropped: the rows are removed.
CREATE TABLE spare (
	slot  INTEGER PRIMARY KEY,
	key   TEXT NOT NULL, -- as the dictionary has it for the slot's own number
	state TEXT NOT NULL,
	since INTEGER NOT NULL
);
