-- Full text: the words of each current resource, by rid (see search.Params.Words). Only which word stands where is kept, neither
-- the text nor the order of words: phrases are looked for in the resource itself. Words come folded, of 0-9, a-z and
-- characters beyond ASCII, so that the tokenizer has nothing to decide. Whoever takes words out has to say which.
CREATE VIRTUAL TABLE words USING fts5(word, content = '', columnsize = 0, detail = none, tokenize = 'ascii');
-- Merging later costs half as much while writing, and a look-up a few pages more.
INSERT INTO words (words, rank) VALUES ('automerge', 8);
