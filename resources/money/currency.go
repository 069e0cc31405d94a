package money

import "strings"

// The currencies of ISO 4217 that are in use, by the digits of their minor unit. Funds codes, metals and codes for testing are no
// currencies that anybody pays in.
const (
	wholes   = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
	hundreds = `AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUC CUP CVE
		CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK
		LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB
		SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL`
	thousands    = "BHD IQD JOD KWD LYD OMR TND"
	tenthousands = "CLF UYW"
)

// Exponent is how many digits the minor unit of a currency takes: 2 of USD, 0 of JPY, 3 of KWD.
func Exponent(currency string) (digits int, ok bool) {
	if len(currency) != 3 {
		return 0, false
	}
	for _, group := range []struct {
		list   string
		digits int
	}{{hundreds, 2}, {wholes, 0}, {thousands, 3}, {tenthousands, 4}} {
		if strings.Contains(group.list, currency) && strings.Trim(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == "" {
			return group.digits, true
		}
	}
	return 0, false
}
