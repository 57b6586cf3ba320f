package format

// NewXLSX is newXLSX, for tests with small worksheets.
var NewXLSX = newXLSX
