package main

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"
)

// stored puts a resource under its id.
func (s *running) stored(t testing.TB, resource string) {
	t.Helper()
	var r struct{ ResourceType, ID string }
	if err := json.Unmarshal([]byte(resource), &r); err != nil {
		t.Fatal(err)
	}
	if status, body := s.do(t, "PUT", "/"+r.ResourceType+"/"+r.ID, resource); status != 200 && status != 201 {
		t.Fatalf("PUT %s/%s: %d %s", r.ResourceType, r.ID, status, body)
	}
}

// amount demands how many resources a search finds.
func (s *running) amount(t testing.TB, want int, search string) {
	t.Helper()
	if got := s.total(t, search); got != want {
		_, body := s.do(t, "GET", "/"+search, "")
		t.Fatalf("%s: %d, want %d\n%s", search, got, want, body)
	}
}

// prepare is what rules have done here.
const prepare = `{"resourceType":"ActivityDefinition","id":"prepare","url":"http://example.org/prepare","status":"active","kind":"Task","code":{"coding":[{"code":"prepare"}]}}`

// TestNamedRule has a rule go by a topic, as in domain.md B.2.
func TestNamedRule(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	s.stored(t, prepare)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"prepare","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"named-event","name":"appointment-booked"}],"definitionCanonical":"http://example.org/prepare"}]}`)
	s.stored(t, anaToBeReminded)
	start := time.Now().Add(time.Hour)
	s.stored(t, visit("proposed", start))
	s.drain(t)
	s.amount(t, 0, "Task?code=prepare")
	s.stored(t, visit("booked", start))
	s.stored(t, visit("booked", start.Add(time.Minute)))
	s.drain(t)
	s.amount(t, 1, "Task?code=prepare")
}

// together sets the clocks of several processes at once.
func together(t testing.TB, all []*running, now time.Time) {
	t.Helper()
	var setting sync.WaitGroup
	for _, s := range all {
		setting.Go(func() { s.setClock(t, now) })
	}
	setting.Wait()
}

// TestAUT6: three processes on one store fire once a period.
func TestAUT6(t *testing.T) {
	dir := t.TempDir()
	var all []*running
	for range 3 {
		all = append(all, startServer(t, "serve", "--store", "sqlite:"+dir, "--test-clock"))
	}
	now := time.Date(2027, 1, 4, 15, 0, 0, 0, time.UTC)
	together(t, all, now)
	s := all[0]
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"round","url":"http://example.org/round","status":"active","kind":"Task","code":{"coding":[{"code":"round"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"round","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"periodic","timingTiming":{"repeat":{"frequency":1,"period":1,"periodUnit":"h"}}}],"definitionCanonical":"http://example.org/round"}]}`)
	for hour := 1; hour <= 2; hour++ {
		together(t, all, now.Add(time.Duration(hour)*time.Hour+time.Minute))
		s.amount(t, hour, "Task?code=round")
	}
}

// TestAUT7: applied to a patient, the workflow that comes with the program is a CarePlan whose RequestGroup has the actions in their order.
func TestAUT7(t *testing.T) {
	s := startServer(t, "serve", "--store", "sqlite:"+t.TempDir(), "--test-clock")
	s.drain(t)
	s.stored(t, anaToBeReminded)
	_, text := s.do(t, "GET", "/PlanDefinition/admission-workflow", "")
	var plan struct{ Action []struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &plan); err != nil || len(plan.Action) < 5 {
		t.Fatalf("%v %s", err, text)
	}
	for _, ask := range []func() (int, string){
		func() (int, string) {
			return s.do(t, "GET", "/PlanDefinition/admission-workflow/$apply?subject=Patient/ana", "")
		},
		func() (int, string) {
			return s.do(t, "POST", "/PlanDefinition/$apply", `{"resourceType":"Parameters","parameter":[{"name":"subject","valueString":"Patient/ana"},{"name":"planDefinition","resource":`+text+`}]}`)
		},
	} {
		status, body := ask()
		var care struct {
			ResourceType string
			Subject      struct{ Reference string }
			Contained    []struct {
				ResourceType, ID string
				Action           []struct {
					ID       string
					Resource struct{ Reference string }
				}
			}
			Activity []struct{ Reference struct{ Reference string } }
		}
		if err := json.Unmarshal([]byte(body), &care); err != nil || status != 200 || care.ResourceType != "CarePlan" || care.Subject.Reference != "Patient/ana" || len(care.Activity) != 1 {
			t.Fatalf("%d %s", status, body)
		}
		group := care.Contained[0]
		if group.ResourceType != "RequestGroup" || care.Activity[0].Reference.Reference != "#"+group.ID || len(group.Action) != len(plan.Action) {
			t.Fatalf("%+v", care)
		}
		for i, a := range group.Action {
			if one := care.Contained[i+1]; a.ID != plan.Action[i].ID || a.Resource.Reference != "#"+one.ID || one.ResourceType != "Task" {
				t.Errorf("action %d is %+v, and does %+v", i, a, one)
			}
		}
	}
	s.amount(t, 0, "CarePlan") // it is a proposal: nothing is stored
}

// TestRulesSurvive kills the program again and again while resources come in: of each one firing is left, no more and no less.
func TestRulesSurvive(t *testing.T) {
	args := []string{"serve", "--store", "sqlite:" + t.TempDir(), "--test-clock"}
	s := startServer(t, args...)
	s.stored(t, `{"resourceType":"ActivityDefinition","id":"a","url":"http://example.org/a","status":"active","kind":"Task","code":{"coding":[{"code":"welcome"}]}}`)
	s.stored(t, `{"resourceType":"PlanDefinition","id":"a","url":"http://example.org/rule","status":"active","type":{"coding":[{"code":"eca-rule"}]},
		"action":[{"trigger":[{"type":"data-added","data":[{"type":"Patient"}]}],"definitionCanonical":"http://example.org/a"}]}`)
	made := 0
	for round := range 5 {
		for range 20 {
			s.stored(t, fmt.Sprintf(`{"resourceType":"Patient","id":"p%d"}`, made))
			made++
		}
		time.Sleep(time.Duration(round*37) * time.Millisecond)
		s.kill()
		s = startServer(t, args...)
	}
	s.drain(t)
	s.amount(t, made, "Task?code=welcome")
}
