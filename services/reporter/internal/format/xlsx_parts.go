package format

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	xmlHeader   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	mainSpace   = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	linkSpace   = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	packageLink = "http://schemas.openxmlformats.org/package/2006/relationships"
	contentType = "application/vnd.openxmlformats-officedocument.spreadsheetml."

	// The frozen pane keeps the header visible.
	sheetStart = xmlHeader + `<worksheet xmlns="` + mainSpace + `"><sheetViews><sheetView workbookViewId="0">` +
		`<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>`
	sheetEnd = `</sheetData></worksheet>`

	plainStyle  = ``
	headerStyle = ` s="1"` // the second of cellXfs in stylesPart
)

// stylesPart is the smallest style sheet that Excel accepts, plus a bold font.
const stylesPart = xmlHeader + `<styleSheet xmlns="` + mainSpace + `">` +
	`<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font><font><b/><sz val="11"/><name val="Calibri"/></font></fonts>` +
	`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
	`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
	`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
	`<cellXfs count="2"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
	`<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/></cellXfs>` +
	`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

// part is a file in the archive.
type part struct{ name, content string }

func sheetPart(n int) string { return "xl/worksheets/sheet" + strconv.Itoa(n) + ".xml" }

// workbookParts returns all parts but the worksheets.
func workbookParts(name string, sheets int) []part {
	var types, names, links strings.Builder
	for n := 1; n <= sheets; n++ {
		fmt.Fprintf(&types, `<Override PartName="/%s" ContentType="%sworksheet+xml"/>`, sheetPart(n), contentType)
		fmt.Fprintf(&names, `<sheet name="%s" sheetId="%d" r:id="rId%d"/>`, sheetName(name, n), n, n)
		fmt.Fprintf(&links, `<Relationship Id="rId%d" Type="%s/worksheet" Target="worksheets/sheet%d.xml"/>`, n, linkSpace, n)
	}
	return []part{
		{"[Content_Types].xml", xmlHeader + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
			`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="` + contentType + `sheet.main+xml"/>` +
			`<Override PartName="/xl/styles.xml" ContentType="` + contentType + `styles+xml"/>` + types.String() + `</Types>`},
		{"_rels/.rels", xmlHeader + `<Relationships xmlns="` + packageLink + `">` +
			`<Relationship Id="rId1" Type="` + linkSpace + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", xmlHeader + `<workbook xmlns="` + mainSpace + `" xmlns:r="` + linkSpace + `"><sheets>` +
			names.String() + `</sheets></workbook>`},
		{"xl/_rels/workbook.xml.rels", xmlHeader + `<Relationships xmlns="` + packageLink + `">` + links.String() +
			fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/styles" Target="styles.xml"/></Relationships>`, sheets+1, linkSpace)},
		{"xl/styles.xml", stylesPart},
	}
}

// sheetName returns the name of a worksheet. Excel allows 31 characters; all those of a
// collection's name are valid.
func sheetName(collection string, n int) string {
	const maxLen = 20
	name := collection[:min(len(collection), maxLen)]
	if n > 1 {
		name += " (" + strconv.Itoa(n) + ")"
	}
	return name
}

// columnName returns "A" for 0, "Z" for 25, "AA" for 26.
func columnName(i int) string {
	const letters = 26
	name := ""
	for i++; i > 0; i = (i - 1) / letters {
		name = string(rune('A'+(i-1)%letters)) + name
	}
	return name
}
