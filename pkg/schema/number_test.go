package schema

import (
	"math"
	"testing"
)

func TestMultiply(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b, want int64
		fits       bool
	}{
		{-3, 4, -12, true},
		{0, math.MaxInt64, 0, true},
		{math.MaxInt64, 1, math.MaxInt64, true},
		{math.MinInt64, 1, math.MinInt64, true},
		{3_000_000_000, 3_000_000_000, 9_000_000_000_000_000_000, true},
		{4_000_000_000, 4_000_000_000, 0, false}, // beyond 63 bits, within 64
		{-1 << 40, 1 << 40, 0, false},            // beyond 64 bits
		{-1, math.MaxInt64, -math.MaxInt64, true},
	}
	for _, test := range tests {
		got, fits := multiply(test.a, test.b)
		if fits != test.fits || (fits && got != test.want) {
			t.Errorf("multiply(%d, %d) = %d, %v, want %d, %v", test.a, test.b, got, fits, test.want, test.fits)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		n, scale int64
		ok       bool
	}{
		"0":                    {0, 1, true},
		"-12.50":               {-1250, 100, true},
		"0.001":                {1, 1000, true},
		"999999999999999999":   {999999999999999999, 1, true},
		"1000000000000000000":  {0, 0, false}, // 19 digits, which may not fit
		"0.000000000000000001": {0, 0, false},
		"1e3":                  {0, 0, false},
		"1E-3":                 {0, 0, false},
	}
	for text, test := range tests {
		n, scale, ok := parseDecimal([]byte(text))
		if n != test.n || scale != test.scale || ok != test.ok {
			t.Errorf("parseDecimal(%s) = %d/%d, %v, want %d/%d, %v", text, n, scale, ok, test.n, test.scale, test.ok)
		}
	}
}
