package chaos_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/longshore-io/longshore/e2e/await"
	"github.com/longshore-io/longshore/e2e/client"
	"github.com/longshore-io/longshore/e2e/tool"
)

const importPath = "/api/tools/import"

func fixedBody(records, firstKey int, m *model) client.RequestBody {
	tools := make([]tool.Tool, records)
	for i := range tools {
		tools[i] = tool.Numbered(firstKey + i)
		tools[i].Category = "Fixed"
		m.apply(tools[i].ID, written{number: 1, row: i + 1, name: tools[i].Name})
	}
	return client.RequestBody{Type: "application/json", Content: tool.JSON(tools...)}
}

// bodyOf returns a batch in one of the forms of a body.
func bodyOf(random *rand.Rand, b *batch) client.RequestBody {
	tools := b.tools()
	body := client.RequestBody{Type: "application/json", Content: tool.JSON(tools...)}
	if random.IntN(2) == 0 {
		body = client.RequestBody{Type: "application/x-ndjson", Content: tool.NDJSON(len(tools), func(i int) tool.Tool { return tools[i] })}
	}
	if random.IntN(4) == 0 {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, _ = w.Write(body.Content) // a buffer accepts all writes
		_ = w.Close()
		body.Encoding, body.Content = "gzip", packed.Bytes()
	}
	return body
}

// smallImport imports a few records, and sometimes deletes the operation afterwards.
func (c *caller) smallImport(ctx context.Context, random *rand.Rand) {
	b := c.model.newBatch(random, 1, 50)
	op, ok := c.start(ctx, importPath, bodyOf(random, b), random.IntN(2) == 0, c.model.send(b))
	if !ok {
		return
	}
	if random.IntN(4) == 0 {
		c.events(ctx, op)
	}
	if m, ok := c.follow(ctx, op, random.IntN(3)); ok && m.Status == "Succeeded" && random.IntN(6) == 0 {
		a, ok := c.persist(ctx, http.MethodDelete, op.location, client.RequestBody{})
		if ok && a.Status != http.StatusNoContent && a.Status != http.StatusOK && a.Status != http.StatusGone {
			c.violation("DELETE %s: %d %s", op.location, a.Status, a.Body)
		}
	}
}

// largeImport imports several chunks, reads the events meanwhile, and sometimes cancels the import.
func (c *caller) largeImport(ctx context.Context, random *rand.Rand) {
	b := c.model.newBatch(random, 1_000, 4_000)
	op, ok := c.start(ctx, importPath, bodyOf(random, b), random.IntN(2) == 0, c.model.send(b))
	if !ok {
		return
	}
	if random.IntN(5) == 0 {
		a, ok := c.persist(ctx, http.MethodPost, op.location+":cancel", client.RequestBody{})
		if ok && a.Status != http.StatusOK && a.Status != http.StatusConflict {
			c.violation("POST %s:cancel: %d %s", op.location, a.Status, a.Body)
		}
	}
	c.events(ctx, op)
	c.follow(ctx, op, random.IntN(3))
}

// multipartImport sends an import in parts, in random order, and finishes it.
func (c *caller) multipartImport(ctx context.Context, random *rand.Rand) {
	b := c.model.newBatch(random, 200, 1_000)
	tools := b.tools()
	content := tool.NDJSON(len(tools), func(i int) tool.Tool { return tools[i] })
	label := c.newLabel()
	c.model.send(b)(label)
	var upload struct{ Upload, Parts, Finish string }
	begin := labelled(client.RequestBody{Type: "application/x-ndjson"}, label, "")
	a, ok := c.persist(ctx, http.MethodPost, importPath+":upload-start", begin)
	if !ok || a.Status != http.StatusCreated || json.Unmarshal(a.Body, &upload) != nil {
		c.violation("POST %s:upload-start: %d %s", importPath, a.Status, a.Body)
		return
	}
	const partSize = 50_000
	for _, i := range random.Perm((len(content) + partSize - 1) / partSize) {
		part := content[i*partSize : min((i+1)*partSize, len(content))]
		url := strings.ReplaceAll(upload.Parts, "{n}", fmt.Sprint(i+1))
		if a, ok := c.persist(ctx, http.MethodPut, url, client.RequestBody{Content: part}); !ok || a.Status >= 300 {
			c.violation("PUT %s: %d %s", url, a.Status, a.Body)
			return
		}
	}
	if a, ok = c.persist(ctx, http.MethodPost, upload.Finish, client.RequestBody{}); !ok {
		return
	}
	if a.Status != http.StatusAccepted {
		c.violation("POST %s: %d %s", upload.Finish, a.Status, a.Body)
		return
	}
	if op, ok := c.accepted(a, label); ok {
		c.follow(ctx, op, random.IntN(3))
	}
}

// abandonUpload sends half of a body and breaks the connection. Nothing of it may be kept.
func (c *caller) abandonUpload(ctx context.Context, random *rand.Rand) {
	b := c.model.newBatch(random, 500, 1_000)
	content := tool.JSON(b.tools()...)
	upload, err := c.client.BeginUpload(ctx, "tools", "application/json", len(content))
	if err != nil {
		return
	}
	_ = upload.Send(content[:len(content)/2])
	pause := time.Duration(1+random.IntN(2)) * time.Second
	_ = await.Sleep(ctx, pause)
	upload.Abort()
	_ = await.Sleep(ctx, pause)
}
