package intake

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// file is one file to import.
type file struct {
	path   string
	size   int64 // on disk
	ndjson bool
}

// extensions are the names that files of resources end with.
func extensions() []string { return []string{".json", ".json.gz", ".ndjson", ".ndjson.gz"} }

// find lists the files that the arguments name: files as they are, folders with all they hold, in the order of their names.
// All arguments that cannot be read are reported.
func find(args []string) ([]file, error) {
	var files []file
	var mistakes []error
	for _, arg := range args {
		before := len(files)
		err := filepath.WalkDir(arg, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			known := slices.ContainsFunc(extensions(), func(ext string) bool { return strings.HasSuffix(path, ext) })
			if !known && path != arg {
				return nil // something else that lies in the folder
			}
			if !known {
				return fmt.Errorf("%s: the name must end in %s", path, strings.Join(extensions(), ", "))
			}
			info, err := os.Stat(path) // what a link points to
			if err != nil {
				return err
			}
			files = append(files, file{path: path, size: info.Size(), ndjson: strings.Contains(filepath.Base(path), ".ndjson")})
			return nil
		})
		if err == nil && len(files) == before {
			err = fmt.Errorf("%s: there is no file whose name ends in %s", arg, strings.Join(extensions(), ", "))
		}
		mistakes = append(mistakes, err)
	}
	return files, errors.Join(mistakes...)
}

// open opens a file, decompressing it where its name says so. The caller closes both.
func (f file) open() (io.Reader, io.Closer, error) {
	raw, err := os.Open(f.path)
	if err != nil {
		return nil, nil, err
	}
	if !strings.HasSuffix(f.path, ".gz") {
		return raw, raw, nil
	}
	z, err := gzip.NewReader(bufio.NewReaderSize(raw, 64<<10))
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("%s is not gzip: %w", f.path, err), raw.Close())
	}
	return z, raw, nil
}

// maxFile bounds a file that is read at once; NDJSON is read line by line.
const maxFile = 1 << 30

func (f file) read() ([]byte, error) {
	r, c, err := f.open()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", f.path, maxFile)
	}
	return data, err
}
