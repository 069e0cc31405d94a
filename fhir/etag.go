package fhir

import (
	"strconv"
	"strings"
)

// ETag is a version id as an entity tag: W/"3" (http://hl7.org/fhir/R4/http.html#versions).
func ETag(version string) string { return `W/"` + version + `"` }

// ParseETag gives the version id of an entity tag, weak or strong, quoted or (as some clients have it) bare; "*" stays.
func ParseETag(tag string) string {
	return strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
}

// NextVersion is the version id after the given one. Version ids count from 1.
func NextVersion(version string) string {
	n, err := strconv.ParseInt(version, 10, 64)
	if err != nil {
		return "1"
	}
	return strconv.FormatInt(n+1, 10)
}
