package bench

import "fmt"

// WrongAnswers is the error of a run in which the server answered falsely.
type WrongAnswers struct {
	Count int64
	First Fault // one of the kinds
}

func (w *WrongAnswers) Error() string {
	return fmt.Sprintf("%d answers were wrong, such as %s (%s)", w.Count, w.First.Reason, w.First.Example)
}

// Failed is the error of a run in which nothing succeeded, or a load in which not everything did.
type Failed struct {
	Failed, Requests int64
	First            Fault // one of the kinds of errors
}

func (f *Failed) Error() string {
	if f.Requests == 0 {
		return "no request was sent in the time measured: lengthen --duration"
	}
	return fmt.Sprintf("%d of %d requests failed, such as %s (%s)", f.Failed, f.Requests, f.First.Reason, f.First.Example)
}

// verdict is the error that a finished run ends with.
func (r *Report) verdict() error {
	t := &r.Total
	if t.Wrong > 0 {
		return &WrongAnswers{t.Wrong, t.WrongKinds[0]}
	}
	if t.Succeeded == 0 || r.Load != nil && t.Errors > 0 {
		failed := &Failed{Failed: t.Errors, Requests: t.Requests}
		if len(t.ErrorKinds) > 0 {
			failed.First = t.ErrorKinds[0]
		}
		return failed
	}
	return nil
}
