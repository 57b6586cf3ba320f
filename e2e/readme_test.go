package e2e_test

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/stack"
)

// readmeCommand is a command of the README that sends a body.
var readmeCommand = regexp.MustCompile(`(?m)^curl http://127\.0\.0\.1:8080(\S+) -H 'Content-Type: (\S+)' (?:-d '([^']*)'|--data-binary @books\.csv)$`)

// TestReadmeOwnTable sends what the commands of the README's section "Your own table" send.
func TestReadmeOwnTable(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Your own table\n")
	section, _, _ = strings.Cut(section, "\n## ")
	commands := readmeCommand.FindAllStringSubmatch(section, -1)
	if len(commands) != 2 {
		t.Fatalf("the section has %d commands that send a body, want 2", len(commands))
	}
	s := stack.Start(t, stack.Options{Tables: `CREATE TABLE books (isbn TEXT PRIMARY KEY, title TEXT NOT NULL, price NUMERIC(8,2)); INSERT INTO books VALUES ('1', 'One', 1)`})
	infer, load := commands[0], commands[1]
	response := s.Do(http.MethodPost, infer[1], client.RequestBody{Type: infer[2], Content: []byte(infer[3])})
	if response.Status != http.StatusCreated {
		t.Fatalf("POST %s = %d %s, want 201", infer[1], response.Status, response.Body)
	}
	response = s.Do(http.MethodPost, load[1], client.RequestBody{Type: load[2], Content: []byte("isbn,title,price\n2,Two,2.50\n")})
	op, err := s.Client().Accepted(response)
	if err != nil {
		t.Fatal(err)
	}
	s.WaitFor(op, "Succeeded")
	if got := s.Number(`SELECT count(*) FROM books WHERE isbn = '2' AND price = 2.5`); got != 1 {
		t.Errorf("rows of the import = %d, want 1", got)
	}
}
