package patch

import (
	"encoding/json"
	"errors"
	"fmt"

	"andiron.dev/fhir"
	jsonpatch "github.com/evanphx/json-patch/v5"
)

// maxPatchSize bounds what copy operations may add: a few of them could double a resource again and again.
const maxPatchSize = 8 << 20

// applyJSON is RFC 6902. It is strict where the library can be lenient: removing what is not there is an error, and
// missing parents are not made up.
func applyJSON(resource *fhir.Resource, text string) (string, error) {
	var operations []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &operations); err != nil {
		return "", fhir.NewOutcome(fhir.Invalid, "the body is not a JSON Patch: an array of operations was expected (RFC 6902)").WithCause(err)
	}
	for i, operation := range operations {
		if err := checkOperation(operation); err != nil {
			return "", fhir.Errorf(fhir.Invalid, "operation %d of the JSON Patch is malformed: %v", i, err)
		}
	}
	patch, err := jsonpatch.DecodePatch([]byte(text))
	if err != nil {
		return "", fhir.NewOutcome(fhir.Invalid, "the body is not a JSON Patch (RFC 6902)").WithCause(err)
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = maxPatchSize
	options.EscapeHTML = false
	// One operation after the other, so that the answer can say which of them failed.
	current := []byte(resource.Body())
	for i := range patch {
		if current, err = patch[i:i+1].ApplyWithOptions(current, options); err != nil {
			return "", refusal(i, patch[i], err)
		}
	}
	return string(current), nil
}

func checkOperation(operation map[string]json.RawMessage) error {
	var op, path, from string
	if json.Unmarshal(operation["op"], &op) != nil {
		return errors.New("it needs 'op'")
	}
	if json.Unmarshal(operation["path"], &path) != nil {
		return errors.New("it needs 'path'")
	}
	switch op {
	case "add", "replace", "test":
		if _, ok := operation["value"]; !ok {
			return fmt.Errorf("'%s' needs 'value'", op)
		}
	case "move", "copy":
		if json.Unmarshal(operation["from"], &from) != nil {
			return fmt.Errorf("'%s' needs 'from'", op)
		}
	case "remove":
	default:
		return errors.New("'op' must be add, remove, replace, move, copy or test")
	}
	if path != "" && path[0] != '/' || from != "" && from[0] != '/' {
		return errors.New("a path is a JSON Pointer and begins with '/'")
	}
	return nil
}

// refusal says why an operation could not be applied. The path came from the client; values are not repeated.
func refusal(i int, operation jsonpatch.Operation, err error) error {
	why := "its path does not exist in the resource"
	switch {
	case errors.Is(err, jsonpatch.ErrTestFailed):
		why = "the value is not the one that was tested for"
	case errors.Is(err, jsonpatch.ErrInvalidIndex):
		why = "its index is outside the array"
	}
	return fhir.Errorf(fhir.BusinessRule, "operation %d of the JSON Patch (%s) cannot be applied: %s; nothing was changed", i, operation.Kind(), why).WithCause(err)
}
