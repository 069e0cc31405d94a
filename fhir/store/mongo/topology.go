package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// TopologyError says that a server cannot be used as it is.
type TopologyError struct{ Text string }

func (e *TopologyError) Error() string { return e.Text }

// leastWire is the wire version of MongoDB 5.0, the first that reads snapshots outside of transactions.
const leastWire = 13

const standalone = `the MongoDB server is a standalone one, which has no transactions. Turn it into a replica set of one server:
  1. in /etc/mongod.conf:      replication: { replSetName: rs0 }       (or start it with: mongod --replSet rs0)
  2. restart it:               systemctl restart mongod
  3. once, in the shell:       mongosh --eval 'rs.initiate({_id: "rs0", members: [{_id: 0, host: "127.0.0.1:27017"}]})'
  4. name the set in the URI:  --store 'mongodb://127.0.0.1:27017/andiron?replicaSet=rs0'
What it holds stays as it is.`

// Topology is what a server says of itself.
type Topology struct {
	Set     string // name of the replica set; "" behind a router
	Sharded bool
	Wire    int32 // greatest wire version
}

// Topology asks the cluster.
func (s *Store) Topology(ctx context.Context) (Topology, error) {
	var hello struct {
		Set      string `bson:"setName"`
		Msg      string `bson:"msg"`
		Wire     int32  `bson:"maxWireVersion"`
		Sessions *int32 `bson:"logicalSessionTimeoutMinutes"`
	}
	if err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return Topology{}, fmt.Errorf("no server of the cluster answers: %w", err)
	}
	t := Topology{Set: hello.Set, Sharded: hello.Msg == "isdbgrid", Wire: hello.Wire}
	switch {
	case hello.Wire < leastWire:
		return t, &TopologyError{fmt.Sprintf("the MongoDB server is too old (wire version %d): MongoDB 5.0 or later is needed", hello.Wire)}
	case t.Set == "" && !t.Sharded:
		return t, &TopologyError{standalone}
	case hello.Sessions == nil:
		return t, &TopologyError{"the MongoDB server has no sessions, which transactions need; is one of its members no data bearing one?"}
	}
	return t, nil
}

func (s *Store) topology(ctx context.Context) error {
	_, err := s.Topology(ctx)
	return err
}
