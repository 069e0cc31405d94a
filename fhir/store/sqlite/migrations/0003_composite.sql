-- Combinations of the values that the parts of a composite have in one element. key is what a part is found by, and high and
-- num are what else has to hold: code, none, system of a token; folded text of a string; low, high of an interval, and its unit
-- as in table quantity; id, version, type | base << 32 of a reference; address, version of a uri. What a part does not have
-- is 0, or the empty blob for high. unit2 is num2 of a quantity that stands in the unit in which it compares; 0 = anything else.
CREATE TABLE composite (
	slot  INTEGER NOT NULL,
	key1  NOT NULL,
	unit2 INTEGER NOT NULL,
	key2  NOT NULL,
	n     INTEGER NOT NULL,
	num1  INTEGER NOT NULL,
	high1 NOT NULL,
	num2  INTEGER NOT NULL,
	high2 NOT NULL,
	key3  NOT NULL,
	num3  INTEGER NOT NULL,
	high3 NOT NULL,
	PRIMARY KEY (slot, key1, unit2, key2, n, num1, high1, num2, high2, key3, num3, high3)
) WITHOUT ROWID;
CREATE INDEX composite_n ON composite (slot, n, key1);
CREATE INDEX composite_high ON composite (slot, key1, unit2, high2) WHERE high2 <> x'';

-- The texts of codes, folded: they repeat endlessly, so they are in the dictionary.
CREATE TABLE token_text (
	slot INTEGER NOT NULL,
	text INTEGER NOT NULL,
	n    INTEGER NOT NULL,
	PRIMARY KEY (slot, text, n)
) WITHOUT ROWID;
CREATE INDEX token_text_n ON token_text (slot, n, text);

-- Addresses get a version. The program that carries this out indexes the store anew.
DROP TABLE uri;
CREATE TABLE uri (
	slot    INTEGER NOT NULL,
	uri     TEXT NOT NULL,
	n       INTEGER NOT NULL,
	version TEXT NOT NULL, -- of a canonical
	PRIMARY KEY (slot, uri, n, version)
) WITHOUT ROWID;
