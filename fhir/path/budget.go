package path

// batch is how many steps go by between two looks at the context.
const batch = 1000

// step pays for n values visited or compared.
func (ev *Evaluator) step(n int) error {
	if ev.fuel -= n; ev.fuel >= 0 {
		return nil
	}
	return ev.refuel()
}

func (ev *Evaluator) refuel() error {
	ev.steps += ev.fuel // what was taken on credit
	if ev.steps < 0 {
		return tooCostly("the evaluation takes more steps than are allowed")
	}
	ev.fuel = min(batch, ev.steps)
	ev.steps -= ev.fuel
	if ev.ctx.Err() != nil {
		return cancelled(ev.ctx)
	}
	return nil
}

// produce pays for text that the evaluation makes.
func (ev *Evaluator) produce(bytes int) error {
	if ev.bytes -= bytes; ev.bytes < 0 {
		return tooCostly("the evaluation makes more text than is allowed")
	}
	return ev.read(bytes)
}

// read pays for text that the evaluation looks through.
func (ev *Evaluator) read(bytes int) error { return ev.step(bytes / 64) }
