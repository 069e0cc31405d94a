package rules

import (
	"context"

	"andiron.dev/fhir"
)

// own is a Tx for what rules do: the server's own work, whoever's request it belongs to.
type own struct {
	*tx
	internal func(context.Context) context.Context
}

var _ fhir.Tx = (*own)(nil)

func (o *own) Read(ctx context.Context, typ, id string) (*fhir.Resource, error) {
	return o.tx.Read(o.internal(ctx), typ, id)
}

func (o *own) VRead(ctx context.Context, typ, id, version string) (*fhir.Resource, error) {
	return o.tx.VRead(o.internal(ctx), typ, id, version)
}

func (o *own) History(ctx context.Context, q fhir.HistoryQuery) (*fhir.HistoryPage, error) {
	return o.tx.History(o.internal(ctx), q)
}

func (o *own) Search(ctx context.Context, q fhir.Query) (*fhir.SearchPage, error) {
	return o.tx.Search(o.internal(ctx), q)
}

func (o *own) Create(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return o.tx.Create(o.internal(ctx), r)
}

func (o *own) Put(ctx context.Context, r *fhir.Resource) (*fhir.Version, error) {
	return o.tx.Put(o.internal(ctx), r)
}

func (o *own) Delete(ctx context.Context, typ, id string) (*fhir.Version, error) {
	return o.tx.Delete(o.internal(ctx), typ, id)
}
