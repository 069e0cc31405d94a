package bench

import (
	"encoding/json"
	"io"
)

// write writes the report in the form that was asked for.
func (r *Report) write(out io.Writer, cfg *Config) error {
	switch {
	case cfg.JSON:
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		_, err = out.Write(append(text, '\n'))
		return err
	case cfg.Benchstat:
		return r.writeBenchstat(out)
	}
	return r.writeTable(out)
}
