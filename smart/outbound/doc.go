// Package outbound fetches from addresses that others have chosen: the key sets of clients, the endpoints of subscriptions, identity providers.
// Whoever may name a URL must not be able to reach through this server what only the server can reach, nor to keep it busy.
package outbound
