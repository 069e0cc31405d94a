package storetest

import (
	"slices"
	"testing"
)

// group is a part of the suite.
type group struct {
	name  string
	tests []test
}

// test is one test; it opens the stores it needs.
type test struct {
	name string
	run  func(t *testing.T, s *suite)
}

// groups lists all tests.
func groups() []group { return slices.Concat(storeGroups(), searchGroups()) }

// storeGroups lists the tests of everything but search.
func storeGroups() []group {
	return []group{
		{"Semantics", []test{
			{"Versions", testVersions},
			{"Create", testCreate},
			{"Unknown", testUnknown},
			{"Delete", testDelete},
			{"LastUpdated", testLastUpdated},
			{"Bytes", testBytes},
			{"IDs", testIDs},
			{"AllOrNothing", testAllOrNothing},
			{"FirstNames", testFirstNames},
			{"OwnWrites", testOwnWrites},
			{"Twice", testTwice},
			{"Swallowed", testSwallowed},
			{"Snapshot", testSnapshot},
			{"ReadOnly", testReadOnly},
			{"Guards", testGuards},
			{"GuardWait", testGuardWait},
			{"Events", testEvents},
			{"History", testHistory},
			{"HistoryStable", testHistoryStable},
			{"Records", testRecords},
			{"RecordExpiry", testRecordExpiry},
			{"RecordRollback", testRecordRollback},
			{"RecordCopies", testRecordCopies},
			{"RecordRandom", testRecordRandom},
			{"RecordConflicts", testRecordConflicts},
			{"Journal", testJournal},
			{"JournalMany", single(testJournalMany)},
			{"Cancel", testCancel},
			{"CancelSearch", testCancelSearch},
			{"Close", testClose},
			{"CloseUnderLoad", testCloseUnderLoad},
			{"Errors", testErrors},
		}},
		{"Race", []test{
			{"ConditionalCreate", onOneAndTwo(raceConditionalCreate)},
			{"IfMatch", onOneAndTwo(raceIfMatch)},
			{"Counter", onOneAndTwo(raceCounter)},
			{"SameID", onOneAndTwo(raceSameID)},
			{"FirstUse", onOneAndTwo(raceFirstUse)},
			{"Readers", onOneAndTwo(raceReaders)},
			{"Indexing", raceIndexing},
			{"Code", onOneAndTwo(raceCode)},
			{"RecordCounter", onOneAndTwo(raceRecordCounter)},
			{"Owner", onOneAndTwo(raceOwner)},
			{"Again", onOneAndTwo(raceAgain)},
			{"Journal", onOneAndTwo(raceJournal)},
		}},
		{"Indexing", []test{
			{"Parameter", testParameter},
			{"ParameterTogether", testParameterTogether},
			{"Reindex", testReindex},
		}},
		{"Crash", []test{
			{"Kill", single(testCrash)},
			{"Indexing", single(testIndexingCrash)},
		}},
	}
}

// searchGroups lists the tests of search.
func searchGroups() []group {
	return []group{
		{"Search", []test{
			{"Scripts", single(testScripts)},
			{"Empty", testSearchEmpty},
			{"IndexUpkeep", testIndexUpkeep},
			{"Many", single(testMany)},
			{"CompositeMany", single(testCompositeMany)},
			{"Terminology", single(testTerminology)},
			{"Odd", testOdd},
			{"FullText", testFullText},
			{"PagesStable", single(testPagesStable)},
			{"PageSizes", testPageSizes},
			{"PageForeign", testPageForeign},
			{"AcrossStable", single(testAcrossStable)},
			{"PageAgain", single(testPageAgain)},
			{"Totals", single(testTotals)},
		}},
		{"Random", []test{
			{"Search", single(testRandom)},
			{"Measured", single(testRandomMeasured)},
			{"Filter", single(testRandomFilter)},
		}},
	}
}

// single is a test in one goroutine: with the race detector, for which there is nothing in it, a short run leaves it out.
func single(fn func(*testing.T, *suite)) func(*testing.T, *suite) {
	return func(t *testing.T, s *suite) {
		Single(t)
		fn(t, s)
	}
}

// Single says that a test has nothing for the race detector: with it, a short run leaves the test out.
func Single(t *testing.T) {
	t.Helper()
	if detecting && testing.Short() {
		t.Skip("SKIPPED: nothing runs side by side here, the race detector is on, and -short is set")
	}
}
