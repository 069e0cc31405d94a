package account

import (
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// buckets bound attempts by address and in all. They are this process's own: what several processes must agree on, the failures
// of an account, is in the store.
type buckets struct {
	limits    Limits
	everybody *rate.Limiter

	mu        sync.Mutex
	addresses map[string]*bucket
	swept     time.Time
}

// bucket is of one address.
type bucket struct{ attempts, failures *rate.Limiter }

// maxBuckets bounds the memory for addresses. Beyond it, addresses that nothing is known of share one bucket.
const maxBuckets = 10_000

func newBuckets(l Limits) *buckets {
	return &buckets{limits: l, everybody: limiter(l.EverybodyRate, l.EverybodyMax), addresses: make(map[string]*bucket)}
}

func limiter(perSecond, burst float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), int(burst))
}

// attempt counts an attempt. Errors: Throttled.
func (b *buckets) attempt(address string, now time.Time) error {
	if address != "" {
		one := b.of(address, now)
		if missing := 1 - one.failures.TokensAt(now); missing > 0 {
			return &Throttled{RetryAfter: after(missing, b.limits.FailureRate)}
		}
		if !one.attempts.AllowN(now, 1) {
			return &Throttled{RetryAfter: after(1, b.limits.AddressRate)}
		}
	}
	if !b.everybody.AllowN(now, 1) {
		return &Throttled{RetryAfter: after(1, b.limits.EverybodyRate)}
	}
	return nil
}

// failure counts an attempt that failed. It reports whether the address has none left, which somebody should look at.
func (b *buckets) failure(address string, now time.Time) (spent bool) {
	if address == "" {
		return false
	}
	one := b.of(address, now)
	one.failures.AllowN(now, 1)
	return one.failures.TokensAt(now) < 1
}

func after(tokens, perSecond float64) time.Duration {
	return max(time.Second, time.Duration(tokens/perSecond*float64(time.Second)))
}

// of finds the bucket of an address. Whoever has one IPv6 address has the other 2^64 of its network.
func (b *buckets) of(address string, now time.Time) *bucket {
	if ip, err := netip.ParseAddr(address); err == nil {
		ip = ip.Unmap().WithZone("")
		address = ip.String()
		if ip.Is6() {
			if network, err := ip.Prefix(64); err == nil {
				address = network.String()
			}
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if one := b.addresses[address]; one != nil {
		return one
	}
	if len(b.addresses) >= maxBuckets && now.Sub(b.swept) >= time.Second {
		b.swept = now
		b.sweep(now)
	}
	if len(b.addresses) >= maxBuckets {
		address = ""
		if one := b.addresses[address]; one != nil {
			return one
		}
	}
	one := &bucket{limiter(b.limits.AddressRate, b.limits.AddressBurst), limiter(b.limits.FailureRate, b.limits.FailureBurst)}
	b.addresses[address] = one
	return one
}

// sweep forgets the addresses whose buckets are full again: a new one would be the same.
func (b *buckets) sweep(now time.Time) {
	for address, one := range b.addresses {
		if one.attempts.TokensAt(now) >= b.limits.AddressBurst && one.failures.TokensAt(now) >= b.limits.FailureBurst {
			delete(b.addresses, address)
		}
	}
}
