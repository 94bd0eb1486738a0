// Package webapi is what the mock's two listeners have in common: JSON in and
// out, problem documents for what is wrong, and the guard against pages of other
// sites.
//
// It must not know what is served.
package webapi
