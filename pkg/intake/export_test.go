package intake

// DefaultLimits returns limits that only tests about large bodies reach.
func DefaultLimits() Limits {
	return Limits{Body: 16 << 30, Record: 1 << 20, Records: 50_000_000, Depth: 32, Ratio: 200}
}
