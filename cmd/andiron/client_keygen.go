package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/go-jose/go-jose/v4"
)

// clientKeygenCommand makes the key pair with which a gateway or an insurer's system proves who it is (private_key_jwt).
type clientKeygenCommand struct {
	outputFlags
	Private string `required:"" help:"File for the private key, a JSON Web Key; it stays with the client." placeholder:"FILE"`
	Public  string `required:"" help:"File for the public key, a JSON Web Key Set; it is what client add --jwks takes." placeholder:"FILE"`
}

// Run makes the files. It overwrites nothing.
func (c *clientKeygenCommand) Run(t *terminal) error {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		return err
	}
	private := jose.JSONWebKey{Key: key, Algorithm: string(jose.ES384), KeyID: rand.Text()}
	public := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), Algorithm: private.Algorithm, KeyID: private.KeyID, Use: "sig"}}}
	for _, file := range []struct {
		name string
		mode os.FileMode
		what any
	}{{c.Private, 0o600, private}, {c.Public, 0o644, public}} {
		text, err := json.MarshalIndent(file.what, "", "  ")
		if err != nil {
			return err
		}
		f, err := os.OpenFile(file.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, file.mode)
		if err != nil {
			return err
		}
		if _, err := f.Write(append(text, '\n')); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	made := map[string]string{"private": c.Private, "public": c.Public, "kid": private.KeyID}
	return c.print(t.out, made, func(w io.Writer) {
		fmt.Fprintf(w, "%s stays with the client; %s is for client add --jwks.\n", c.Private, c.Public)
	})
}
