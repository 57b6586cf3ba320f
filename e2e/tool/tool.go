// Package tool creates records of the collection "tools" and request bodies of them: the five of seed
// 000, and any number of others.
package tool

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// Tool is one record.
type Tool struct {
	Name        string   `json:"tool_name"`
	ID          string   `json:"tool_id"`
	Category    string   `json:"category"`
	Description string   `json:"description,omitempty"`
	Features    []string `json:"features,omitempty"`
	URL         string   `json:"url,omitempty"`
}

// SampleJSON is the sample payload of seed 000: an array of five tools.
//
//go:embed sample.json
var SampleJSON []byte

// Sample returns the five tools of seed 000.
func Sample() []Tool {
	var sample []Tool
	if err := json.Unmarshal(SampleJSON, &sample); err != nil {
		panic(err) // the sample is embedded
	}
	return sample
}

var categories = [...]string{"Education", "Finance", "Language Learning", "Travel", "Games"}

// ID returns the id of tool number n.
func ID(n int) string { return fmt.Sprintf("N%09d", n) }

// Numbered returns tool number n. The ids of tools ascend with their numbers.
func Numbered(n int) Tool {
	return Tool{
		Name:     fmt.Sprintf("Tool number %d", n),
		ID:       ID(n),
		Category: categories[n%len(categories)],
		Description: fmt.Sprintf("The tool number %d is here to be imported, counted and found again; its description is as "+
			"long as those of people who describe tools.", n),
		Features: []string{"Counting", "Being found", fmt.Sprintf("Feature %d", n%97)},
		URL:      fmt.Sprintf("https://example.com/tools/%d", n),
	}
}
