package operation

// Counts are the numbers of an operation's records by outcome. At any time
// Created + Updated + Superseded + Failed + Unprocessed() = Total.
type Counts struct {
	Total      int `json:"total"`
	Created    int `json:"created"`
	Updated    int `json:"updated"`
	Superseded int `json:"superseded"`
	Failed     int `json:"failed"`
}

// Imported returns the number of valid records, imported_records in the status of seed 000.
func (c Counts) Imported() int { return c.Created + c.Updated + c.Superseded }

// Processed returns the number of records with a final outcome.
func (c Counts) Processed() int { return c.Imported() + c.Failed }

// Unprocessed returns the number of records that no worker has committed.
func (c Counts) Unprocessed() int { return c.Total - c.Processed() }

// Percent returns the share of processed records, rounded down, so that 100 means all of them.
func (c Counts) Percent() int {
	if c.Total == 0 {
		return 0
	}
	return int(int64(c.Processed()) * 100 / int64(c.Total))
}
