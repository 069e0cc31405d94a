package replica

import (
	"errors"
	"net"
	"slices"

	"github.com/xdg-go/scram"
	"go.mongodb.org/mongo-driver/v2/bson"
)

// Codes of errors about who asks.
const (
	codeUnauthorized         = 13
	codeAuthenticationFailed = 18
)

// Access says who may ask a server. One without it lets everybody do everything.
type Access struct {
	Users    map[string]string // passwords by name: SCRAM-SHA-256, in the database admin
	Subjects []string          // of certificates: MONGODB-X509
	// Denied says what a user must not do; nil = nothing.
	Denied func(user string, c Command) bool
}

// visitor is who asks on a connection.
type visitor struct {
	conn   net.Conn
	user   string // "" = nobody has said
	talk   *scram.ServerConversation
	number int32
}

const errNoUser = constError("there is no such user")

// scramIterations is as many as clients ask for at least.
const scramIterations = 4096

// credentials are what the server keeps of a password.
func (a *Access) credentials(user string) (scram.StoredCredentials, error) {
	password, known := a.Users[user]
	if !known {
		return scram.StoredCredentials{}, errNoUser
	}
	c, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		return scram.StoredCredentials{}, err
	}
	return c.GetStoredCredentialsWithError(scram.KeyFactors{Salt: "salt of " + user, Iters: scramIterations})
}

// guarded carries a command out for those who may.
func (s *Server) guarded(v *visitor, r *request) bson.D {
	if s.Access == nil {
		return r.run()
	}
	switch r.name {
	case "hello", "isMaster", "ismaster":
		answer := r.run()
		if has(r.body, "saslSupportedMechs") {
			answer = append(answer, bson.E{Key: "saslSupportedMechs", Value: bson.A{"SCRAM-SHA-256"}})
		}
		return answer
	case "saslStart", "saslContinue":
		answer, err := s.converse(v, r)
		if err != nil {
			return failure(codeAuthenticationFailed, "Authentication failed.")
		}
		return answer
	case "authenticate":
		name := subject(v.conn)
		if get(r.body, "mechanism") != "MONGODB-X509" || r.db != "$external" || !slices.Contains(s.Access.Subjects, name) {
			return failure(codeAuthenticationFailed, "Authentication failed.")
		}
		v.user = name
		return ok(bson.E{Key: "dbname", Value: "$external"}, bson.E{Key: "user", Value: name})
	case "ping", "buildInfo", "endSessions":
		return r.run()
	}
	switch {
	case v.user == "":
		return failure(codeUnauthorized, "Command "+r.name+" requires authentication")
	case s.Access.Denied != nil && s.Access.Denied(v.user, Command{Name: r.name, Body: r.body, Sequences: r.sequences, Transaction: r.inTxn}):
		return failure(codeUnauthorized, "not authorized on "+r.db+" to execute command "+r.name)
	}
	return r.run()
}

// converse takes a step of https://www.rfc-editor.org/rfc/rfc7677.
func (s *Server) converse(v *visitor, r *request) (bson.D, error) {
	if r.name == "saslStart" {
		if get(r.body, "mechanism") != "SCRAM-SHA-256" || r.db != "admin" {
			return nil, errNoUser
		}
		server, err := scram.SHA256.NewServer(s.Access.credentials)
		if err != nil {
			return nil, err
		}
		v.talk = server.NewConversation()
		v.number++
	}
	if v.talk == nil {
		return nil, errors.New("there is no conversation")
	}
	payload, _ := get(r.body, "payload").(bson.Binary)
	said := ""
	if !v.talk.Done() {
		var err error
		if said, err = v.talk.Step(string(payload.Data)); err != nil {
			return nil, err
		}
	}
	if v.talk.Valid() {
		v.user = v.talk.Username()
	}
	return ok(bson.E{Key: "conversationId", Value: v.number}, bson.E{Key: "done", Value: v.talk.Done()}, bson.E{Key: "payload", Value: bson.Binary{Data: []byte(said)}}), nil
}
