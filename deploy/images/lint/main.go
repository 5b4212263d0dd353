// Command lint reads a Dockerfile as BuildKit does and refuses what BuildKit's own rules (docker build --check) or the
// house's find, for each image that the file can make.
//
//	lint [-images base,hf] CONTEXT DOCKERFILE     findings on standard error, exit 1
//	lint -describe … CONTEXT DOCKERFILE           besides, what each image starts, as JSON on standard output
//
// It pulls nothing: of its base an image is taken to have nothing but Linux.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	images := flag.String("images", "", "values of the build argument IMAGE; none where the file has no such argument")
	describe := flag.Bool("describe", false, "print what each image starts")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: lint [-images NAME,NAME] [-describe] CONTEXT DOCKERFILE")
		os.Exit(2)
	}
	source, err := read(flag.Arg(0), flag.Arg(1))
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
	found, configurations := source.judge(context.Background(), strings.Split(*images, ","))
	for _, finding := range found {
		fmt.Fprintln(os.Stderr, finding)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
	if *describe {
		written := json.NewEncoder(os.Stdout)
		written.SetIndent("", "  ")
		if err := written.Encode(configurations); err != nil {
			fmt.Fprintln(os.Stderr, "lint:", err)
			os.Exit(2)
		}
	}
}
