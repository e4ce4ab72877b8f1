// Go's mime/multipart with CreateFormFile: go.go URL VARIANT NAME...
package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"runtime"
	"strings"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	body := &bytes.Buffer{}
	form := multipart.NewWriter(body)
	check(form.WriteField("email", "someone@example.org"))
	check(form.WriteField("seed_name", "Brassica napus"))
	check(form.WriteField("zoom_level", "20"))
	check(form.WriteField("nb_seeds", "5"))
	check(form.WriteField("name", "Séance 7"))
	for _, name := range os.Args[3:] {
		picture, err := os.ReadFile(name)
		check(err)
		part, err := form.CreateFormFile("pictures", name)
		check(err)
		_, err = part.Write(picture)
		check(err)
	}
	check(form.Close())
	answer, err := http.Post(os.Args[1], form.FormDataContentType(), body)
	check(err)
	check(answer.Body.Close())
	fmt.Println(strings.TrimPrefix(runtime.Version(), "go"))
}
