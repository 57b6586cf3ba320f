package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// hop is what one proxy says about a request that it received.
type hop struct {
	// client is the address from which the proxy received the request; the zero Addr if it is hidden.
	client       netip.Addr
	host, scheme string
	// prefix is the beginning of the path that the proxy has removed; empty if it removed none, or does not say so.
	prefix string
}

// parseXForwarded returns the hops of X-Forwarded-For. X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Prefix have either
// one value for each hop or the last proxy's only.
func parseXForwarded(h http.Header) []hop {
	clients := listOf(h.Values("X-Forwarded-For"))
	schemes, hosts := listOf(h.Values("X-Forwarded-Proto")), listOf(h.Values("X-Forwarded-Host"))
	prefixes := listOf(h.Values("X-Forwarded-Prefix"))
	if len(clients) == 0 && len(schemes)+len(hosts)+len(prefixes) > 0 {
		clients = []string{""} // the proxy does not say who its client is
	}
	hops := make([]hop, len(clients))
	for i, client := range clients {
		hops[i] = hop{
			client: addrOf(client), scheme: valueOf(schemes, i, len(hops)), host: valueOf(hosts, i, len(hops)), prefix: valueOf(prefixes, i, len(hops)),
		}
	}
	return hops
}

// valueOf returns the value of hop i of n: its own if there is one for each hop, else the last one.
func valueOf(values []string, i, n int) string {
	switch {
	case len(values) == n:
		return values[i]
	case len(values) > 0:
		return values[len(values)-1]
	default:
		return ""
	}
}

// listOf returns the elements of comma-separated header fields.
func listOf(fields []string) []string {
	var list []string
	for _, field := range fields {
		for element := range strings.SplitSeq(field, ",") {
			if element = strings.TrimSpace(element); element != "" {
				list = append(list, element)
			}
		}
	}
	return list
}

// parseForwarded returns the hops of header fields Forwarded (RFC 7239, section 4).
func parseForwarded(fields []string) []hop {
	var hops []hop
	for _, element := range splitQuoted(strings.Join(fields, ","), ',') {
		if strings.TrimSpace(element) == "" {
			continue
		}
		var h hop
		for _, pair := range splitQuoted(element, ';') {
			name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			value = unquote(value)
			switch strings.ToLower(name) {
			case "for":
				h.client = addrOf(value)
			case "host":
				h.host = value
			case "proto":
				h.scheme = value
			}
		}
		hops = append(hops, h)
	}
	return hops
}

// splitQuoted splits a text at a separator outside of quoted strings (RFC 9110, section 5.6.4). It returns
// nothing if a quoted string has no end, because then the end may be in what another proxy added.
func splitQuoted(text string, separator byte) []string {
	var parts []string
	start, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	if quoted {
		return nil
	}
	return append(parts, text[start:])
}

// unquote returns the content of a quoted string, and other texts as they are.
func unquote(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	var b strings.Builder
	for i := 1; i < len(text)-1; i++ {
		if text[i] == '\\' && i+1 < len(text)-1 {
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String()
}
