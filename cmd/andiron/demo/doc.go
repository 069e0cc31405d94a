// Package demo is the demo hospital: Hearthside General, a small hospital in New York as it stands on Monday 2 March 2026, 08:00.
//
// Each *.json file is a transaction Bundle of PUTs and can be posted as it is; Bundles gives them in an order in which no
// reference points ahead.
//
//	organizations   the hospital, two insurers, a supplier
//	locations       ward A with three free beds, two rooms, an operating room, the pharmacy
//	services        what can be booked, and its scheduling-parameters
//	staff           five people and their roles
//	schedules       who works when
//	patients        five patients (one of them twice) and a mother
//	stock           paracetamol: the item, three lots, and how they came in
//	stock-usage     ninety days of its use, a line each
//	prices          ChargeItemDefinitions
//	insurance       a plan, Ana's coverage, what she has paid this year, accounts
//	monitoring      devices at Ben's home, limits of the blood pressure
//	records         illnesses, medication, an allergy, Ben's stay in February
//	visits          February's appointments
//
// It is the fixture F0 of the project's domain design: ids, dates and amounts are chosen so that the tests of scheduling,
// billing, insurance, stock and monitoring find their golden numbers in it. The tests here say which.
// Everybody in it is invented. Telephone numbers are from the range 555-01xx, which is kept for fiction.
package demo
