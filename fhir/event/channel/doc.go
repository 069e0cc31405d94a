// Package channel delivers what package event has to say to subscribers, one file per channel: rest-hook, websocket, email and message
// (https://hl7.org/fhir/uv/subscriptions-backport/channels.html, http://hl7.org/fhir/R4/subscription.html). It sends; when, how often and
// what is for package event to say. Nothing that a subscription names makes this server call what its operator has not opened: see
// smart/outbound.
package channel
