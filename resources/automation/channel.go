package automation

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"andiron.dev/fhir"
)

// channel is a way to reach a person.
type channel struct {
	medium string // "sms" or "email"
	to     string
	rank   int
}

// channels are the ways to reach a patient, the best first: by the rank that the patient gave them, then text messages before mail. There are
// none that the patient has not agreed to, or has declined.
func (m *Module) channels(ctx context.Context, tx fhir.Tx, patient *fhir.Resource) (list []channel, err error) {
	now := m.config.Now()
	agreed, declined, err := m.consents(ctx, tx, patient)
	if err != nil {
		return nil, err
	}
	for point := range patient.Root().Each("telecom") {
		from, to := period(point.Get("period"))
		value := strings.TrimSpace(point.Get("value").Text())
		if value == "" || point.Get("use").Text() == "old" || from.After(now) || !to.IsZero() && !to.After(now) {
			continue
		}
		c := channel{to: value, rank: 1 << 20}
		if n, err := strconv.Atoi(point.Get("rank").Text()); err == nil {
			c.rank = n
		}
		switch system := point.Get("system").Text(); {
		case system == "email":
			c.medium = "email"
		case system == "sms", system == "phone" && point.Get("use").Text() != "work":
			c.medium = "sms"
		default:
			continue
		}
		if m.config.Senders[c.medium] == nil || declined[c.medium] || c.medium == "sms" && !agreed["sms"] {
			continue
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b channel) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), -cmp.Compare(a.medium, b.medium)) // "sms" before "email"
	})
	return list, nil
}

// consents are the media that Consents in force of a patient permit, and those that they deny: Consents with a medium as a code of their
// category or provision ("sms", "email"; SMSWRIT and EMAILWRIT of v3 ParticipationMode).
func (m *Module) consents(ctx context.Context, tx fhir.Tx, patient *fhir.Resource) (agreed, declined map[string]bool, err error) {
	agreed, declined = make(map[string]bool), make(map[string]bool)
	found, err := m.search(ctx, tx, "Consent", fhir.Params{{Name: "patient", Value: patient.Reference()}, {Name: "status", Value: "active"}, {Name: "_count", Value: "200"}})
	if err != nil {
		return nil, nil, err
	}
	now := m.config.Now()
	for _, c := range found {
		root := c.Root()
		var categories []string
		for category := range root.Each("category") {
			categories = append(categories, mediaOf(category)...)
		}
		var visit func(p fhir.Element, permit bool)
		visit = func(p fhir.Element, permit bool) {
			if typ := p.Get("type").Text(); typ != "" {
				permit = typ == "permit"
			}
			if from, to := period(p.Get("period")); from.After(now) || !to.IsZero() && !to.After(now) {
				return
			}
			media := slices.Clone(categories)
			for _, name := range []string{"code", "action"} {
				for concept := range p.Each(name) {
					media = append(media, mediaOf(concept)...)
				}
			}
			for _, medium := range media {
				if permit {
					agreed[medium] = true
				} else {
					declined[medium] = true
				}
			}
			for inner := range p.Each("provision") {
				visit(inner, permit)
			}
		}
		visit(root.Get("provision"), true)
	}
	return agreed, declined, nil
}

func mediaOf(concept fhir.Element) (media []string) {
	for coding := range concept.Each("coding") {
		switch coding.Get("code").Text() {
		case "sms", "SMSWRIT":
			media = append(media, "sms")
		case "email", "EMAILWRIT":
			media = append(media, "email")
		}
	}
	return media
}

// reminderText is what a reminder says: when and where, and nothing of why (a message may be read by anybody who holds the phone). The template
// is the extension message-template of the rule's ActivityDefinition, with {date}, {time} and {place}.
func reminderText(template string, start time.Time, place string) string {
	if template == "" {
		template = "Reminder: you have an appointment on {date} at {time}{at place}."
	}
	at := ""
	if place != "" {
		at = ", " + place
	}
	return strings.NewReplacer("{date}", start.Format("Monday 2 January 2006"), "{time}", start.Format("15:04"), "{place}", place, "{at place}", at).Replace(template)
}
