package search_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"andiron.dev/search"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct{ a, b, c, d, kilometres float64 }{
		{0, 0, 0, 0, 0},
		{0, 0, 0, 1, 111.195},
		{0, 179.5, 0, -179.5, 111.195},
		{90, 12, 90, -100, 0},
		{90, 0, -90, 0, 20015.115},
		{0, 0, 0, 180, 20015.115},
		{48.8566, 2.3522, 52.5200, 13.4050, 877.5},    // Paris, Berlin
		{-33.8688, 151.2093, 40.7128, -74.006, 15989}, // Sydney, New York
	} {
		there, back := search.Distance(c.a, c.b, c.c, c.d), search.Distance(c.c, c.d, c.a, c.b)
		if math.Abs(there/1000-c.kilometres) > 0.001+c.kilometres/1000 || math.Abs(there-back) > 1e-6 {
			t.Errorf("%v: %f km there, %f km back", c, there/1000, back/1000)
		}
	}
}

// TestBoxesHoldWhatMatches: no place that is near is outside of the boxes, wherever on the earth.
func TestBoxesHoldWhatMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	angle := func(limit float64) float64 {
		switch r.IntN(4) {
		case 0:
			return limit * float64(r.IntN(3)-1) // a pole, the equator, the meridians 0 and 180
		case 1:
			return limit * float64(r.IntN(3)-1) * (1 - math.Pow(10, -r.Float64()*8))
		}
		return limit * (2*r.Float64() - 1)
	}
	near, boxed := 0, 0
	for range 300_000 {
		test := search.NearTest{Latitude: angle(90), Longitude: angle(180), Within: math.Pow(10, r.Float64()*8-0.5)}
		p := search.PositionValue{Latitude: angle(90), Longitude: angle(180)}
		if r.IntN(2) == 0 { // close by
			reach := 2 * test.Within / 111_195
			p.Latitude = min(max(test.Latitude+reach*(2*r.Float64()-1), -90), 90)
			p.Longitude = math.Mod(test.Longitude+reach*(2*r.Float64()-1)/max(math.Cos(test.Latitude*math.Pi/180), 1e-9)+540, 360) - 180
			if p.Longitude < -180 {
				p.Longitude += 360
			}
		}
		inside := false
		boxes := test.Boxes()
		for _, b := range boxes {
			inside = inside || p.Latitude >= b.South && p.Latitude <= b.North && p.Longitude >= b.West && p.Longitude <= b.East
		}
		if len(boxes) == 0 || len(boxes) > 2 {
			t.Fatalf("%+v has %d boxes", test, len(boxes))
		}
		if test.Matches(p) {
			if near++; !inside {
				t.Fatalf("%+v is %f m from %+v, outside of %+v", p, search.Distance(p.Latitude, p.Longitude, test.Latitude, test.Longitude), test, boxes)
			}
		}
		if inside {
			boxed++
		}
	}
	if near < 50_000 || boxed > 2*near {
		t.Errorf("%d places are near, %d in the boxes: nothing has been tested, or boxes are much too large", near, boxed)
	}
}
