-- What ends after an instant begins at most twelve days before it, but for the few intervals that this index has: an instant has
-- its seconds in five bytes, and the first two and a half of them change every 2^20 seconds.
CREATE INDEX date_long ON date (slot, high) WHERE substr(hex(high), 1, 5) > substr(hex(low), 1, 5);
-- Where few texts are looked for, the primary key tells whether a resource has one of them; otherwise its rows are gathered.
DROP INDEX token_text_n;
