package format

// NewXLSXOf is newXLSX with small worksheets.
var NewXLSXOf = newXLSXOf
