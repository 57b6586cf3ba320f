package corpus

import "strings"

// language contains the words of one language.
type language struct {
	names, verbs, things, manners []string
}

// languages are English first; the others have characters of two, three and four bytes.
var languages = []language{
	{
		names:   []string{"Ledger Analyzer", "Route Planner", "Invoice Reader", "Course Finder", "Visa Checklist", "Budget Simulator", "Harbor Monitor"},
		verbs:   []string{"Collects", "Compares", "Calculates", "Verifies", "Summarizes", "Translates", "Schedules"},
		things:  []string{"exchange rates", "university programs", "customs forms", "\"open\" invoices", "shipping routes", "tuition fees", "lease contracts"},
		manners: []string{"from several official sources every night.", "and explains each step in plain words.", "with a history of all changes.", "for teams that work\nin many countries."},
	},
	{
		names:   []string{"Währungsrechner", "Größenprüfer", "Übersetzungshilfe"},
		verbs:   []string{"Prüft", "Überträgt", "Ergänzt"},
		things:  []string{"Gebühren und Zuschüsse", "Frachtbriefe über alle Häfen", "Einträge früherer Jahre"},
		manners: []string{"täglich für höchste Verlässlichkeit.", "ohne zusätzliche Schlüssel.", "auf Wunsch auch rückwirkend."},
	},
	{
		names:   []string{"Калькулятор расходов", "Поиск программ", "Справочник виз"},
		verbs:   []string{"Собирает", "Сравнивает", "Считает"},
		things:  []string{"курсы валют", "цены на жильё", "условия приёма"},
		manners: []string{"по всем городам.", "каждый день.", "без задержек."},
	},
	{
		names:   []string{"為替計算ツール", "航路プランナー", "学費シミュレーター"},
		verbs:   []string{"毎日", "自動で", "すばやく"},
		things:  []string{"為替レートを比較し", "大学の課程を集め", "送り状を確認し"},
		manners: []string{"結果を記録します。", "わかりやすく示します。🚢", "担当者に知らせます。"},
	},
}

var (
	categories = []string{"Education", "Finance", "Logistics", "Travel", "Law & Taxes", "Health", "Development", "Communication"}
	features   = []string{
		"Data extraction", "Real-time rates", "Conversion history", "Fee updates", "Offline mode", "Export as CSV",
		"City comparison", "Alerts by e-mail", "Audit trail", "Multiple currencies", "Двуязычный интерфейс", "Prüfprotokoll",
	}
)

// maxFeatures is the maximum number of features of a record. The minimum is 1.
const maxFeatures = 6

func (s *Source) name(words language) string { return s.pick(words.names) }

// description returns one to three sentences.
func (s *Source) description(words language) string {
	var text strings.Builder
	for sentence := range 1 + s.rand.IntN(3) {
		if sentence > 0 {
			text.WriteByte(' ')
		}
		text.WriteString(s.pick(words.verbs) + " " + s.pick(words.things) + " " + s.pick(words.manners))
	}
	return text.String()
}

func (s *Source) appendFeatures(dst []byte) []byte {
	for feature := range 1 + s.rand.IntN(maxFeatures) {
		if feature > 0 {
			dst = append(dst, ',')
		}
		dst = quote(dst, s.pick(features))
	}
	return dst
}
