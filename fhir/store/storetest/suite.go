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
			{"JournalMany", testJournalMany},
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
			{"Kill", testCrash},
			{"Indexing", testIndexingCrash},
		}},
	}
}

// searchGroups lists the tests of search.
func searchGroups() []group {
	return []group{
		{"Search", []test{
			{"Scripts", testScripts},
			{"Empty", testSearchEmpty},
			{"IndexUpkeep", testIndexUpkeep},
			{"Many", testMany},
			{"CompositeMany", testCompositeMany},
			{"Terminology", testTerminology},
			{"Odd", testOdd},
			{"FullText", testFullText},
			{"PagesStable", testPagesStable},
			{"PageSizes", testPageSizes},
			{"PageForeign", testPageForeign},
			{"AcrossStable", testAcrossStable},
			{"PageAgain", testPageAgain},
			{"Totals", testTotals},
		}},
		{"Random", []test{
			{"Search", testRandom},
			{"Measured", testRandomMeasured},
			{"Filter", testRandomFilter},
		}},
	}
}
