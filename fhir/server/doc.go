// Package server assembles a running server from its parts: the engine, the interactions, the domain modules, the pipeline
// and the HTTP edge. Commands, exchange tests and examples import it; nothing else does.
package server
