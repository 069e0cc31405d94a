// Package authserver is the authorization server: SMART App Launch 2.2 over OAuth 2.0, OpenID Connect and the records of a store
// (https://hl7.org/fhir/smart-app-launch/STU2.2/). One file is one endpoint, one grant or one page.
package authserver
