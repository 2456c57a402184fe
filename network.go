package africastalking

import "strconv"

// Network is a mobile network's code as Africa's Talking sends it in
// networkCode: the mobile country code and the mobile network code, written
// together ("63902" is Safaricom Kenya). The set is open: an unknown code is a
// value like any other, with an empty [Network.Name]. The zero value is no
// network: callbacks from the sandbox and older samples carry none.
type Network string

// The networks that Africa's Talking lists in its documentation, and those that
// were observed in integrations.
const (
	AirtelTigoGhana    Network = "62006"
	MTNGhana           Network = "62001"
	VodafoneGhana      Network = "62002"
	AirtelNigeria      Network = "62120"
	MTNNigeria         Network = "62130"
	GloNigeria         Network = "62150"
	NineMobileNigeria  Network = "62160"
	MTNRwanda          Network = "63510"
	TigoRwanda         Network = "63513"
	AirtelRwanda       Network = "63514"
	EthioTelecom       Network = "63601"
	SafaricomKenya     Network = "63902"
	AirtelKenya        Network = "63903"
	TelkomKenya        Network = "63907"
	EquitelKenya       Network = "63999"
	TigoTanzania       Network = "64002"
	ZantelTanzania     Network = "64003"
	VodacomTanzania    Network = "64004"
	AirtelTanzania     Network = "64005"
	TTCLTanzania       Network = "64007"
	HalotelTanzania    Network = "64009"
	AirtelUganda       Network = "64101"
	MTNUganda          Network = "64110"
	UTLUganda          Network = "64111"
	AfricellUganda     Network = "64114"
	AirtelZambia       Network = "64501"
	MTNZambia          Network = "64502"
	TNMMalawi          Network = "65001"
	AirtelMalawi       Network = "65010"
	VodacomSouthAfrica Network = "65501"
	TelkomSouthAfrica  Network = "65502"
	CellCSouthAfrica   Network = "65507"
	MTNSouthAfrica     Network = "65510"
	// AthenaSandbox is the network of Africa's Talking's own sandbox.
	AthenaSandbox Network = "99999"
)

// Name returns the operator's name without its country, such as "Safaricom",
// or the empty string for a code that this package does not know.
func (n Network) Name() string {
	switch n {
	case AirtelTigoGhana:
		return "AirtelTigo"
	case MTNGhana, MTNNigeria, MTNRwanda, MTNUganda, MTNZambia, MTNSouthAfrica:
		return "MTN"
	case VodafoneGhana:
		return "Vodafone"
	case AirtelNigeria, AirtelRwanda, AirtelKenya, AirtelTanzania, AirtelUganda, AirtelZambia, AirtelMalawi:
		return "Airtel"
	case GloNigeria:
		return "Glo"
	case NineMobileNigeria:
		return "9mobile"
	case TigoRwanda, TigoTanzania:
		return "Tigo"
	case EthioTelecom:
		return "Ethio Telecom"
	case SafaricomKenya:
		return "Safaricom"
	case TelkomKenya, TelkomSouthAfrica:
		return "Telkom"
	case EquitelKenya:
		return "Equitel"
	case ZantelTanzania:
		return "Zantel"
	case VodacomTanzania, VodacomSouthAfrica:
		return "Vodacom"
	case TTCLTanzania:
		return "TTCL"
	case HalotelTanzania:
		return "Halotel"
	case UTLUganda:
		return "UTL"
	case AfricellUganda:
		return "Africell"
	case TNMMalawi:
		return "TNM"
	case CellCSouthAfrica:
		return "Cell C"
	case AthenaSandbox:
		return "Athena"
	}
	return ""
}

// Country returns the ISO 3166-1 alpha-2 code of the network's country, such as
// "KE". It goes by the mobile country code, so it also answers for networks
// without a [Network.Name]. It knows the countries of Africa, and is empty for all
// others, for the code that Réunion and Mayotte share, and for the sandbox.
func (n Network) Country() string {
	if len(n) < 4 {
		return ""
	}
	code, err := strconv.ParseUint(string(n[:3]), 10, 16)
	if err != nil || code < firstCountry {
		return ""
	}
	i := 2 * int(code-firstCountry)
	if i >= len(countries) || countries[i] == '-' {
		return ""
	}
	return countries[i : i+2]
}

// countries holds the country of each mobile country code from firstCountry on
// (ITU-T E.212), two letters each. "--" stands for 644 and 656, which are not
// assigned, and for 647, which Réunion and Mayotte share.
const (
	firstCountry = 602
	countries    = "EGDZMATNLYGMSNMR" + // 602 to 609
		"MLGNCIBFNETGBJMULRSL" + // 610 to 619
		"GHNGTDCFCMCVSTGQGACG" + // 620 to 629
		"CDAOGWSCSDRWETSODJKE" + // 630 to 639
		"TZUGBIMZ--ZMMG--ZWNA" + // 640 to 649
		"MWLSBWSZKMZA--ERSHSS" // 650 to 659
)
