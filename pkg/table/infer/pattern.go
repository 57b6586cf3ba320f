package infer

import "regexp"

// samePattern accepts regular expressions in which each part has one meaning in Postgres (its advanced regular expressions) and
// in RE2: characters of ASCII, sets of them, groups, alternatives, repetitions of at most 255, and anchors at both ends. A dot is
// missing, which only Postgres lets match a line end, and so are classes such as \d, which depend on the locale in Postgres.
var samePattern = func() *regexp.Regexp {
	const (
		plain   = `[-A-Za-z0-9_@/:,;#%&=!<>~"' ]`
		escaped = `\\[-.+*?()\[\]{}|^$/\\_@]`
		inSet   = `(?:[A-Za-z0-9_@/:,;#%&=!<>~"' .+*?(){}|$]|` + escaped + `)`
		set     = `\[\^?-?(?:` + inSet + `(?:-` + inSet + `)?)+-?\]`
		repeat  = `(?:[*+?]|\{` + upTo255 + `(?:,(?:` + upTo255 + `)?)?\})?`
		atom    = `(?:` + plain + `|` + escaped + `|` + set + `)` + repeat
		level0  = `(?:` + atom + `)+(?:\|(?:` + atom + `)+)*`
		group1  = `(?:` + atom + `|\((?:\?:)?` + level0 + `\)` + repeat + `)`
		level1  = group1 + `+(?:\|` + group1 + `+)*`
		group2  = `(?:` + group1 + `|\((?:\?:)?` + level1 + `\)` + repeat + `)`
		level2  = group2 + `+(?:\|` + group2 + `+)*`
	)
	return regexp.MustCompile(`^\^?` + level2 + `\$?$`)
}()

// upTo255 matches the numbers that Postgres allows in a repetition.
const upTo255 = `(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])`

// meansTheSame reports whether Postgres and RE2 match the same texts with the regular expression, beyond doubt.
func meansTheSame(pattern string) bool {
	if !samePattern.MatchString(pattern) {
		return false
	}
	_, err := regexp.Compile(pattern)
	return err == nil
}
