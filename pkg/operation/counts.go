package operation

// Counts tells what became of an operation's records. At every instant
// Created + Updated + Superseded + Failed + Unprocessed() = Total.
type Counts struct {
	Total      int `json:"total"`
	Created    int `json:"created"`
	Updated    int `json:"updated"`
	Superseded int `json:"superseded"`
	Failed     int `json:"failed"`
}

// Imported is the number of valid records, which the tools dialect calls imported_records.
func (c Counts) Imported() int { return c.Created + c.Updated + c.Superseded }

// Processed is the number of records whose outcome is known.
func (c Counts) Processed() int { return c.Imported() + c.Failed }

// Unprocessed is the number of records that no worker has committed.
func (c Counts) Unprocessed() int { return c.Total - c.Processed() }

// Percent is the share of processed records, rounded down, so that 100 means all of them.
func (c Counts) Percent() int {
	if c.Total == 0 {
		return 0
	}
	return int(int64(c.Processed()) * 100 / int64(c.Total))
}
