package hostnode

import (
	"fmt"
	"os"
	"path"
	"strings"

	"sigs.k8s.io/yaml"
)

// Image is what a container gets from its image's name. No image is pulled: the files are the machine's own.
type Image struct {
	// Name is a pattern for the whole name as the pod has it, such as "registry.test/trainer:*" (a star spans no slash).
	Name             string            `json:"name"`
	Entrypoint       []string          `json:"entrypoint"`
	Arguments        []string          `json:"arguments"`
	Environment      map[string]string `json:"environment"`
	WorkingDirectory string            `json:"workingDirectory"`
}

// Images are tried in order; the first whose name fits is taken.
type Images []Image

// ReadImages reads a YAML list of images; no file is no images.
func ReadImages(file string) (Images, error) {
	if file == "" {
		return nil, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var images Images
	if err := yaml.UnmarshalStrict(content, &images); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, image := range images {
		if _, err := path.Match(image.Name, ""); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, image.Name, err)
		}
	}
	return images, nil
}

func (images Images) find(name string) Image {
	for _, image := range images {
		if matches, _ := path.Match(image.Name, name); matches {
			return image
		}
	}
	return Image{}
}

// pullable answers why an image cannot be had, in the words of containerd, or "".
func pullable(image string) string {
	if strings.HasPrefix(image, "missing/") || strings.HasSuffix(image, ":missing") {
		return fmt.Sprintf("failed to pull and unpack image %q: failed to resolve reference %q: %s: not found", image, image, image)
	}
	return ""
}
