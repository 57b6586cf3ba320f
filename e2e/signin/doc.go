// Package signin tests tokens of a real OpenID Connect provider, logins to the console in a real browser,
// and what pages of other origins can do there.
package signin
