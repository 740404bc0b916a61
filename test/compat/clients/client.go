// Go's net/http client. Usage: client BASE AUTHORIZATION, steps on standard input.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

type step struct {
	Method, Path, Text, Until string
	Headers                   map[string]string
	Size, BreakAfter          int64
	Follow, Chunked           bool
}

type result struct {
	Status  int         `json:"status"`
	URL     string      `json:"url"`
	Headers [][2]string `json:"headers"`
	Body    string      `json:"body"`
	Spread  float64     `json:"spread"`
	Error   bool        `json:"error"`
}

// A reader that ends with an error, after a moment.
type breakOff struct{}

func (breakOff) Read([]byte) (int, error) {
	time.Sleep(100 * time.Millisecond)
	return 0, errors.New("broken off")
}

func send(base, authorization string, s step, etag *string) (r result) {
	var body io.Reader = strings.NewReader(s.Text)
	if s.Size > 0 {
		content := bytes.Repeat([]byte("0123456789abcdef"), int(s.Size/16))
		body = bytes.NewReader(content)
		if s.BreakAfter > 0 {
			body = io.MultiReader(bytes.NewReader(content[:s.BreakAfter]), breakOff{})
		}
	}
	r.Error = true
	request, err := http.NewRequest(s.Method, base+s.Path, body)
	if err != nil {
		return
	}
	if s.Size > 0 {
		request.ContentLength = s.Size
		if s.Chunked {
			request.ContentLength = -1
		}
	}
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	for name, value := range s.Headers {
		request.Header.Set(name, value)
	}
	if request.Header.Get("If-None-Match") != "" {
		request.Header.Set("If-None-Match", *etag)
	}
	client := http.Client{}
	if !s.Follow {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	response, err := client.Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if tag := response.Header.Get("ETag"); tag != "" {
		*etag = tag
	}
	r.Status, r.URL = response.StatusCode, response.Request.URL.String()
	for name, values := range response.Header {
		r.Headers = append(r.Headers, [2]string{name, strings.Join(values, ", ")})
	}
	r.read(response.Body, s.Until)
	return
}

func (r *result) read(body io.Reader, until string) {
	var err error
	var all []byte
	var first time.Time
	part := make([]byte, 65536)
	for n := 0; err == nil; {
		n, err = body.Read(part)
		if n > 0 && first.IsZero() {
			first = time.Now()
		}
		all = append(all, part[:n]...)
		if until != "" && bytes.Contains(all, []byte(until)) {
			err = io.EOF
		}
	}
	if len(all) > 0 {
		r.Spread = float64(time.Since(first).Milliseconds())
	}
	r.Body = base64.StdEncoding.EncodeToString(all)
	r.Error = err != io.EOF
}

func main() {
	var steps []step
	if err := json.NewDecoder(os.Stdin).Decode(&steps); err != nil {
		panic(err)
	}
	results, etag := []result{}, ""
	for _, s := range steps {
		results = append(results, send(os.Args[1], os.Args[2], s, &etag))
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
