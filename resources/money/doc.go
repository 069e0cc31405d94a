// Package money calculates with amounts and quantities as decimals: never in floating point, and with the digits that were written
// (domain.md §3.8).
package money
