package authserver

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
)

// style tells apps how the pages here look, so that they can look alike (SMART App Launch 2.2 §2.1.8.4).
const style = `{"color_background":"#f7f7f5","color_error":"#a3210f","color_highlight":"#14567a","color_modal_backdrop":"#00000066",` +
	`"color_success":"#22663a","color_text":"#1d1d1b","dim_border_radius":"4px","dim_font_size":"16px","dim_spacing_size":"16px",` +
	`"font_family_body":"system-ui, sans-serif","font_family_heading":"system-ui, sans-serif"}`

// stylePath is another one whenever the style is: apps keep what they have fetched.
func stylePath() string {
	sum := sha256.Sum256([]byte(style))
	return "/style-" + hex.EncodeToString(sum[:8]) + ".json"
}

func (s *Server) styleURL(r *http.Request) string { return s.url(r, stylePath()) }

func (s *Server) serveStyle(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = w.Write([]byte(style))
}
