// Package availability computes when something can be booked: the opening hours of a calendar, by the clocks of its zone, less what is
// taken of it. It knows neither resources nor a store: times go in, times come out (domain design §7.3).
package availability
