-- Numbers, and intervals that they lie in. low and high are bounds (see search.Bound): bytes that sort like numbers. A number
-- alone has the empty high. So what begins at a bound or after it is found by low, and what else reaches beyond a bound by
-- high, where there is little.
CREATE TABLE number (
	slot INTEGER NOT NULL,
	low  BLOB NOT NULL,
	high BLOB NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (slot, low, high, n)
) WITHOUT ROWID;
CREATE INDEX number_n ON number (slot, n, low);
CREATE INDEX number_high ON number (slot, high) WHERE high <> x'';

-- Quantities, once for each unit that they are found by. unit > 0: the unit in which they compare, with low and high in it.
-- unit < 0: the code or the text of the unit as written, negated; 0 = it has none. The names are in the dictionary.
CREATE TABLE quantity (
	slot INTEGER NOT NULL,
	unit INTEGER NOT NULL,
	low  BLOB NOT NULL,
	high BLOB NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (slot, unit, low, high, n)
) WITHOUT ROWID;
CREATE INDEX quantity_n ON quantity (slot, n, unit, low);
CREATE INDEX quantity_high ON quantity (slot, unit, high) WHERE high <> x'';
