package mongo

import (
	"context"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
)

// abandonedAfter is how long nothing has been asked of a transaction that is taken for abandoned. One that is not, of a process that
// was suspended, say, is run again by its owner.
const abandonedAfter = 5 * time.Second

// endAbandoned ends transactions that a process has left behind which was killed within its commit. The server would do that by itself, but
// only after transactionLifetimeLimitSeconds, and until then nobody can commit. Everybody may list and end what is of the same user:
// https://www.mongodb.com/docs/manual/reference/command/killSessions. Where that is not so, the lifetime decides.
func (s *Store) endAbandoned(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, suspicious)
	defer cancel()
	admin := s.client.Database("admin", options.Database().SetReadConcern(readconcern.Local()).SetReadPreference(readpref.Primary()))
	cursor, err := admin.Aggregate(ctx, bson.A{
		bson.D{field("$currentOp", bson.D{field("allUsers", false), field("idleSessions", true)})},
		bson.D{field("$match", bson.D{field("active", false), field("appName", appName), field("transaction.timeInactiveMicros", bson.D{field("$gt", abandonedAfter.Microseconds())})})},
	})
	var ids bson.A
	if err := drain(ctx, cursor, err, func(raw bson.Raw) error {
		if id, err := raw.LookupErr("lsid", "id"); err == nil {
			ids = append(ids, bson.D{field("id", id)})
		}
		return nil
	}); err != nil || len(ids) == 0 {
		return
	}
	if err := admin.RunCommand(ctx, bson.D{field("killSessions", ids)}).Err(); err == nil {
		s.log.Warn("transactions that nobody goes on with have been ended", slog.Int("count", len(ids)))
	}
}
