// Package token checks what others have signed: the assertions by which clients prove who they are (private_key_jwt of SMART App Launch
// 2.2), and the access tokens of external issuers.
package token
