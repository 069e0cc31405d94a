// Package account keeps the people who may log in: users, their passwords and second factors, their sessions, and what slows down
// those who guess. All of it is records of a store; what lets its bearer in is kept as a digest only.
package account
