// Package dialling knows how phone numbers are dialled in the countries of Africa.
package dialling

// Country says how a country's numbers are dialled.
type Country struct {
	// Trunk is dialled in front of a local number and dropped behind the dialling code.
	Trunk string
	// National is an expression for the digits of a national number.
	National string
}

// Countries are those of Africa, by dialling code.
//
// Operators get new numbers now and then, so a pattern names the first digits only
// where it would match a number that lacks digits otherwise: a mobile number, or the
// dialling code with too few digits behind it. internal/numbering compares the table
// with libphonenumber's.
var Countries = map[string]Country{
	"20":  {"0", `1[0-25]\d{8}|[89]00\d{7}|1[35]\d{7}|[24-689]\d{8}|15\d{6}|[35]\d{7}`}, // Egypt
	"212": {"0", `[13-9]\d{8}`},                                                         // Morocco
	"213": {"0", `[5-9]\d{8}|[1-4]\d{7}`},                                               // Algeria
	"216": {"", `[1-9]\d{7}`},                                                           // Tunisia
	"218": {"0", `[1-9]\d{8}`},                                                          // Libya
	"249": {"0", `[13-9]\d{8}`},                                                         // Sudan

	"220": {"", `[1-9]\d{6}`},                            // Gambia
	"221": {"", `[13-9]\d{8}`},                           // Senegal
	"222": {"", `[1-9]\d{7}`},                            // Mauritania
	"223": {"", `[13-9]\d{7}|2[01]\d{6}`},                // Mali
	"224": {"", `[4-9]\d{8}|3\d{7}`},                     // Guinea
	"225": {"", `0\d{9}|2[157]\d{8}`},                    // Côte d'Ivoire
	"226": {"", `[013-9]\d{7}|2[045]\d{6}`},              // Burkina Faso
	"227": {"", `[3-9]\d{7}|2[013]\d{6}|0[89]\d{6}`},     // Niger
	"228": {"", `[13-9]\d{7}|2[2-7]\d{6}`},               // Togo
	"229": {"", `01\d{8}|8[15]\d{6}`},                    // Benin
	"231": {"0", `[3-9]\d{8}|22\d{7}|2\d{7}|[4-6]\d{6}`}, // Liberia
	"232": {"0", `[13-9]\d{7}|2[0-24-9]\d{6}`},           // Sierra Leone
	"233": {"0", `[1-9]\d{8}|800\d{5}`},                  // Ghana
	"234": {"0", `[13-9]\d{9}|20\d{8}|[78]00\d{8,11}`},   // Nigeria
	"238": {"", `[1-9]\d{6}`},                            // Cape Verde
	"245": {"", `[3-9]\d{8}|40\d{5}`},                    // Guinea-Bissau

	"235": {"", `[3-9]\d{7}|22\d{6}`},                                // Chad
	"236": {"", `[3-9]\d{7}|2[12]\d{6}`},                             // Central African Republic
	"237": {"", `[13-9]\d{8}|2[24]\d{7}|233\d{6}|88\d{6}`},           // Cameroon
	"239": {"", `[3-9]\d{6}|22\d{5}`},                                // São Tomé and Príncipe
	"240": {"", `[3-9]\d{8}|222\d{6}`},                               // Equatorial Guinea
	"241": {"0", `[13-9]\d{7}`},                                      // Gabon
	"242": {"", `0\d{8}|[3-9]\d{8}|222\d{6}`},                        // Congo
	"243": {"0", `[13-9]\d{8}|573\d{7}|276\d{5}|[1-6]\d{6}|88\d{5}`}, // DR Congo
	"244": {"", `[1-9]\d{8}`},                                        // Angola

	"211": {"0", `[13-9]\d{8}`},                                      // South Sudan
	"250": {"0", `[1-9]\d{8}|06\d{6}`},                               // Rwanda
	"251": {"0", `[1-9]\d{8}`},                                       // Ethiopia
	"252": {"0", `[346-9]\d{8}|[12679]\d{7}|[1-5]\d{6}|[1348]\d{5}`}, // Somalia
	"253": {"", `[3-9]\d{7}|2[17]\d{6}`},                             // Djibouti
	"254": {"0", `[13-9]\d{8}|20\d{6,7}|[4-6]\d{6,7}|800\d{7}`},      // Kenya
	"255": {"0", `[1-9]\d{8}`},                                       // Tanzania
	"256": {"0", `[13-9]\d{8}|20\d{7}`},                              // Uganda
	"257": {"", `[3-9]\d{7}|2[29]\d{6}`},                             // Burundi
	"291": {"0", `[13-9]\d{6}`},                                      // Eritrea

	"27":  {"0", `[1-9]\d{8}|861\d{7}`},                                                                        // South Africa
	"258": {"", `[3-9]\d{8}|2[0-46-9]\d{6}|25[0-2]\d{5}`},                                                      // Mozambique
	"260": {"0", `[13-9]\d{8}|21\d{7}`},                                                                        // Zambia
	"264": {"0", `[13-9]\d{8}|6[1-9]\d{6}|886\d{5}`},                                                           // Namibia
	"265": {"0", `[13-9]\d{8}|2[12]\d{7}|1\d{6}`},                                                              // Malawi
	"266": {"", `[1-9]\d{7}`},                                                                                  // Lesotho
	"267": {"", `7\d{7}|321\d{5}|[4-6]\d{6}|3[013-9]\d{5}|2(?:[49]\d|6[0-4])\d{4}|90\d{5}|0800\d{6}|800\d{7}`}, // Botswana
	"268": {"", `[3-8]\d{7}|2[2-5]\d{6}|0800\d{4}|900\d{6}`},                                                   // Eswatini

	"230": {"", `[57]\d{7}|[2-468]\d{6}|802\d{7}`}, // Mauritius
	"248": {"", `[3-9]\d{6}|2[125-8]\d{5}`},        // Seychelles
	"261": {"0", `[3-9]\d{8}|2[02]\d{7}`},          // Madagascar
	"262": {"0", `[1-9]\d{8}`},                     // Réunion and Mayotte
	"269": {"", `[3-9]\d{6}`},                      // Comoros

	// Zimbabwe
	"263": {"0", `2(?:[0-57-9]\d{6,8}|6[0-24-9]\d{6,7})|[38]\d{9}|[35-8]\d{8}|[3-6]\d{7}|[1-689]\d{6}|[1-3569]\d{5}|[1356]\d{4}`},
}
