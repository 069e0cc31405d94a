package account

import "time"

// Limits bound how often it may be tried to log in. None shuts anybody out for good.
type Limits struct {
	// Free failures in a row cost an account nothing; from then on each doubles the time to wait, from a second up to Longest.
	Free    int
	Longest time.Duration

	Codes       int           // wrong codes that an account may have within CodesWindow
	CodesWindow time.Duration // then it waits until it is over, the next time twice as long, up to an hour

	AddressRate, AddressBurst   float64 // attempts of an address: per second, and at once
	FailureRate, FailureBurst   float64 // failures of an address
	EverybodyRate, EverybodyMax float64 // attempts of all addresses
}

// DefaultLimits let a ward behind one address log in at the change of shift, and somebody who guesses wait.
func DefaultLimits() Limits {
	return Limits{
		Free: 5, Longest: 15 * time.Minute,
		Codes: 5, CodesWindow: 5 * time.Minute,
		AddressRate: 5, AddressBurst: 200,
		FailureRate: 0.5, FailureBurst: 60,
		EverybodyRate: 50, EverybodyMax: 1000,
	}
}

// backoff is how long an account waits after so many failures in a row.
func (l *Limits) backoff(failures int) time.Duration {
	if failures < l.Free {
		return 0
	}
	if n := failures - l.Free; n < 20 {
		return min(l.Longest, time.Second<<n)
	}
	return l.Longest
}

// codesBlock is how long an account waits when its codes are used up for the nth time in a row, from 0.
func (l *Limits) codesBlock(round int) time.Duration {
	return min(max(time.Hour, l.CodesWindow), l.CodesWindow<<min(round, 10))
}
