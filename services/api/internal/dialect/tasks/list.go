package tasks

import (
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/longshore-io/longshore/pkg/store"
)

// The number of tasks in one response.
const (
	defaultLimit = 100
	maxLimit     = 1000
)

// jsonList is a list in GeoGig's form: every task is wrapped as it is alone.
type jsonList struct {
	Tasks []wrapped `json:"tasks"`
	Next  string    `json:"next,omitempty"`
}

// xmlList is the same list in XML.
type xmlList struct {
	XMLName xml.Name `xml:"tasks"`
	Tasks   []task   `xml:"task"`
	Next    *link    `xml:"atom:link"`
}

// list responds with the tasks that match the query, the latest first, and with the address of the
// following ones.
func (d *Dialect) list(c *gin.Context) error {
	path, f := prepare(c, strings.TrimSuffix(c.FullPath(), "/"))
	query := c.Request.URL.Query()
	filter, err := readFilter(query)
	if err != nil {
		return err
	}
	found, err := d.Monitor.List(c.Request.Context(), filter)
	if err != nil {
		return err
	}
	jsonValue, xmlValue := jsonList{Tasks: []wrapped{}}, xmlList{}
	absolute := d.absolute(c)
	for _, op := range found.Operations {
		shape := newTask(op, absolute)
		jsonValue.Tasks, xmlValue.Tasks = append(jsonValue.Tasks, wrapped{shape}), append(xmlValue.Tasks, shape)
	}
	if found.Next > 0 {
		query.Set("before", strconv.FormatInt(found.Next, 10))
		next := func(path string) string { return absolute(path + "?" + query.Encode()) }
		jsonValue.Next = next(path + ".json")
		link := newLink("next", next(path+".xml"))
		xmlValue.Next = &link
		c.Header("Link", "<"+next(strings.TrimSuffix(c.FullPath(), "/"))+`>; rel="next"`)
	}
	return write(c, f, jsonValue, xmlValue)
}

// readFilter parses status, limit and before.
func readFilter(query url.Values) (store.Filter, error) {
	f := store.Filter{Limit: defaultLimit}
	for _, line := range query["status"] {
		for word := range strings.SplitSeq(line, ",") {
			states := statesOf(word)
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
