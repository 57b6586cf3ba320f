package tasks

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/fault"
	"github.com/longshore-io/longshore/pkg/store"
)

// How many tasks one answer holds: if the client does not say, and at most.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// listInJSON is a list as GeoGig writes it: every task wrapped as it is alone.
type listInJSON struct {
	Tasks []wrapped `json:"tasks"`
	Next  string    `json:"next,omitempty"`
}

// listInXML is the same in XML.
type listInXML struct {
	XMLName xml.Name `xml:"tasks"`
	Tasks   []task   `xml:"task"`
	Next    *link    `xml:"atom:link"`
}

// list answers with the tasks that the query asks for, the latest first, and with the address of those that did not fit.
func (d *Dialect) list(c *gin.Context) error {
	path, f := prepare(c, strings.TrimSuffix(c.FullPath(), "/"))
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return fault.New(fault.Malformed, "malformed-query", "The query of the address can't be read: write it as in ?limit=10.")
	}
	filter, err := readFilter(query)
	if err != nil {
		return err
	}
	limit := filter.Limit
	filter.Limit++ // one more tells whether there is more
	found, err := d.Monitor.List(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	inJSON, inXML := listInJSON{Tasks: []wrapped{}}, listInXML{}
	absolute := d.absolute(c)
	for _, op := range found[:min(limit, len(found))] {
		shown := newTask(op, absolute)
		inJSON.Tasks, inXML.Tasks = append(inJSON.Tasks, wrapped{shown}), append(inXML.Tasks, shown)
	}
	if len(found) > limit {
		query.Set("before", strconv.FormatInt(found[limit-1].Number, 10))
		next := func(path string) string { return absolute(path + "?" + query.Encode()) }
		inJSON.Next = next(path + ".json")
		onward := newLink("next", next(path+".xml"))
		inXML.Next = &onward
		c.Header("Link", "<"+next(strings.TrimSuffix(c.FullPath(), "/"))+`>; rel="next"`)
	}
	return write(c, f, inJSON, inXML)
}

// parameters are what a list takes.
var parameters = []string{"status", "limit", "before"}

// readFilter reads status, limit and before. It refuses what would be ignored otherwise: a filter that is misspelt must not list everything.
func readFilter(query url.Values) (store.Filter, error) {
	f := store.Filter{Limit: defaultLimit}
	for name, values := range query {
		if !slices.Contains(parameters, name) || len(values) > 1 && name != "status" {
			return f, invalid(name, "is no parameter of a list, or is there twice. A list takes status, limit and before.")
		}
	}
	for _, line := range query["status"] {
		for word := range strings.SplitSeq(line, ",") {
			states := statesCalled(word)
			if states == nil {
				return f, invalid("status", "must be WAITING, RUNNING, FINISHED, FAILED or CANCELLED, or several of them joined by commas.")
			}
			f.States = append(f.States, states...)
		}
	}
	var err error
	if text := query.Get("limit"); query.Has("limit") {
		if f.Limit, err = strconv.Atoi(text); err != nil || f.Limit < 1 || f.Limit > maxLimit {
			return f, invalid("limit", "must be a whole number from 1 to "+strconv.Itoa(maxLimit)+".")
		}
	}
	if text := query.Get("before"); query.Has("before") {
		if f.Below, err = strconv.ParseInt(text, 10, 64); err != nil || f.Below < 1 {
			return f, invalid("before", "must be the id of a task: the list then holds those that were accepted before it.")
		}
	}
	return f, nil
}
