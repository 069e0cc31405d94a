package main

import (
	"bufio"
	"context"
	"errors"
	"strconv"

	"andiron.dev/fhir"
	"andiron.dev/smart/audit"
)

type auditListCommand struct {
	storeFlags
	Since   string `help:"Only events recorded at or after a date or time, such as 2024-05-31 or 2024-05-31T14:30:00Z." placeholder:"DATE"`
	Until   string `help:"Only events recorded before it." placeholder:"DATE"`
	Patient string `help:"Only events about a patient, by id." placeholder:"ID"`
	Agent   string `help:"Only events of a user, by the resource that the user is: Practitioner/1." placeholder:"REFERENCE"`
	Outcome []int  `help:"Only events with an outcome: 0, 4, 8 or 12; may be repeated." placeholder:"CODE"`
	Where   string `help:"What else to search by, as AuditEvents are searched by: \"type=rest&action=D\"." placeholder:"QUERY"`
	Max     int    `help:"Most events; 0 is no limit." default:"0"`
}

// Run prints AuditEvents as NDJSON, oldest first.
func (c *auditListCommand) Run(ctx context.Context, t *terminal) error {
	params, err := c.params()
	if err != nil {
		return plainly(err)
	}
	return c.trail(func(_ *store, trail *audit.Trail) error {
		out := bufio.NewWriter(t.out)
		n := 0
		err := trail.List(ctx, params, func(r *fhir.Resource) error {
			if c.Max > 0 && n == c.Max {
				return errEnough
			}
			n++
			_, err := out.Write(append(r.JSON(), '\n'))
			return err
		})
		if errors.Is(err, errEnough) {
			err = nil
		}
		return errors.Join(err, out.Flush())
	})
}

// errEnough ends a list.
var errEnough = errors.New("enough")

// params are the flags as a search.
func (c *auditListCommand) params() (fhir.Params, error) {
	params, err := fhir.ParseParams(c.Where)
	if err != nil {
		return nil, err
	}
	add := func(name, value string) {
		if value != "" {
			params = append(params, fhir.Param{Name: name, Value: value})
		}
	}
	if c.Since != "" {
		add("date", "ge"+c.Since)
	}
	if c.Until != "" {
		add("date", "lt"+c.Until)
	}
	add("patient", c.Patient)
	add("agent", c.Agent)
	outcomes := ""
	for _, code := range c.Outcome {
		if outcomes != "" {
			outcomes += ","
		}
		outcomes += strconv.Itoa(code)
	}
	add("outcome", outcomes)
	add("_sort", "date")
	return params, nil
}
