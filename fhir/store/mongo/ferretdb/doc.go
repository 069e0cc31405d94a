// Package ferretdb runs what of the engine suite needs no transactions on FerretDB, a server that somebody else has written: its idea
// of filters, sorting and updates is not ours. It is a module of its own, so that FerretDB is no dependency of the program.
package ferretdb
