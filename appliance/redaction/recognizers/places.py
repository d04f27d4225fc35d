
"""Addresses and geography smaller than a state: streets, boxes, units, towns with state and ZIP, postcodes."""

import regex

from appliance.redaction.recognizers.base import RuleRecognizer, rule
from appliance.redaction.recognizers.dates import MONTHS
from appliance.redaction.recognizers.ordinary import all_ordinary
from appliance.redaction.recognizers.organisations import is_generic

_STREET = (
    r"(?:Street|St|Avenue|Ave|Av|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Circle|Cir|Place|Pl|Square|Sq|Terrace|Ter|Terr|Trail|Trl|Way|Parkway|Pkwy|Highway|Hwy|Close|Crescent|Cres|Grove|Gardens|Hill|"
    r"Mews|Row|Walk|Alley|Aly|Plaza|Loop|Path|Pass|Pike|Ridge|Run|View|Vista|Point|Pt|Park|Green|Crossing|Xing|Cove|Creek|Hollow|Island|Isle|Junction|Jct|Knoll|Lake|Landing|Meadow|Meadows|Mill|Mills|Mission|Mount|Mountain|"
    r"Mountains|Oval|Overpass|Passage|Pine|Pines|Plain|Plains|Port|Ports|Prairie|Radial|Ramp|Ranch|Rapid|Rapids|Rest|River|Roads|Route|Shoal|Shoals|Shore|Shores|Skyway|Spring|Springs|Spur|Spurs|Squares|Station|"
    r"Stravenue|Stream|Streets|Summit|Throughway|Trace|Track|Trafficway|Tunnel|Turnpike|Underpass|Union|Unions|Valley|Valleys|Viaduct|Views|Village|Villages|Ville|Wall|Walks|Ways|Well|Wells|Bypass|Burg|Burgs|Canyon|"
    r"Cape|Causeway|Center|Centers|Centre|Cliff|Cliffs|Club|Common|Commons|Corner|Corners|Course|Courts|Coves|Crest|Crossroad|Curve|Dale|Dam|Divide|Drives|Estate|Estates|Expressway|Extension|Extensions|Fall|Falls|Ferry|"
    r"Field|Fields|Flat|Flats|Ford|Fords|Forest|Forge|Forges|Fork|Forks|Fort|Freeway|Garden|Gateway|Glen|Glens|Greens|Groves|Harbor|Harbors|Haven|Heights|Hills|Inlet|Islands|Key|Keys|Knolls|Lakes|Land|Light|Lights|Loaf|"
    r"Lock|Locks|Lodge|Mall|Manor|Manors|Motorway|Neck|Orchard|Parks|Parkways|Brook|Brooks|Branch|Bluff|Bluffs|Bottom|Bridge|Bend|Beach|Bayou|Annex|Arcade|Camp|Rue|Wharf|Quay|Yard)"
)
_STATES = (
    r"(?:A[KLRZS]|FM|MH|MP|PW|PR|VI|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEHINOPST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY]|A[AEP]|Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|"
    r"Georgia|Hawaii|Idaho|Illinois|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana|Nebraska|Nevada|New Hampshire|New Jersey|New Mexico|New York|"
    r"North Carolina|North Dakota|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode Island|South Carolina|South Dakota|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin|Wyoming)"
)
_WORD = r"[\p{Lu}][\p{L}\p{M}'.-]{0,30}"
_NAME = r"\p{Lu}[\p{L}\p{M}'-]{1,30}"
_UNIT = r"(?:[,]?[ \n]{1,2}(?:(?:Apt|Apartment|Suite|Ste|Unit|Flat|Floor|Fl|Room|Rm|Bldg|Building|Piso|Puerta|Wohnung)\.?|#)[ ]?[\w-]{1,6})"
_TOWN = rf"{_WORD}(?:[ -]{_WORD}){{0,3}}"
_CITY_STATE_ZIP = rf"(?:(?:[ ]?,?[ \n]{{1,3}}){_TOWN}(?:[ \n]?,[ \n]{{1,3}}{_STATES}(?![\w])(?:[ \n,]{{1,3}}\d{{5}}(?:-\d{{4}})?(?!\d))?|[ ]{_STATES}[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?(?!\d)))"
_UK = r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2})"
_FOREIGN_STREET = (
    r"(?:\b(?:[Cc]alle|[Cc]/|Avda?\.?|[Aa]venida|[Pp]laza|[Pp]za\.?|[Pp]aseo|[Cc]amino|[Cc]arretera|[Cc]tra\.?|[Tt]raves[ií]a|[Rr]onda|[Uu]rb(?:anizaci[oó]n|\.)|[Pp]asaje|[Rr]ambla|[Gg]lorieta|"
    r"[Rr]ue|[Aa]venue|[Bb]oulevard|[Qq]uai|[Ii]mpasse|[Aa]ll[eé]e|[Cc]hemin|[Vv]ia|[Vv]iale|[Pp]iazza|[Cc]orso|[Rr]ua|[Tt]ravessa|[Uu]l\.|[Uu]lica|Carrer)[ ]"
    rf"(?:(?:de|del|de la|de los|de las|da|do|dos|das|des|du|la|el|le|les|San|Santa|St\.?|Sta\.?|y|e|di|della|degli)[ ]){{0,3}}{_WORD}(?:[ -](?:(?:de|del|de la|la|y|i|des|du)[ ])?{_WORD}){{0,4}}"
    r"(?:(?:,|[ ](?:n[º°o]\.?|nr\.?|num\.?))?[ ]?(?:s/n|\d{1,4}[A-Za-z]?)(?:[ ]?[,-]?[ ]?(?:bis|\d{1,3}[ºª°]?|[A-Z]|[Ii]zq(?:uierda|\.)?|[Dd]er(?:echa|\.)?|[Ee]sc(?:alera|\.)? ?\w{1,2}|[Pp](?:iso|ta|uerta)?\.? ?\w{1,3}|[Bb]ajo|[Ee]ntlo\.?)(?![\w])){0,4})?)"
)


def _is_place(value: str) -> bool:
    """Whether capitalised words may be a place: not a month, and not all of them words of every day."""
    words = value.split()
    return not (is_generic(value) or all_ordinary(words) or regex.fullmatch(MONTHS, words[0], regex.IGNORECASE))


class AddressRecognizer(RuleRecognizer):
    """Postal addresses whole, with unit, town, state and code where they follow."""

    NAME = "address"
    TYPES = ("LOCATION",)
    RULES = (
        rule(
            "LOCATION",
            rf"(?<![\w.,$/-])\d{{1,6}}[A-Za-z]?(?:-\d{{1,5}})?[ ](?:(?:N|S|E|W|NE|NW|SE|SW|North|South|East|West)\.?[ ])?(?:{_WORD}[ ]){{1,4}}{_STREET}(?![\p{{L}}])\.?(?:[ ](?:N|S|E|W|NE|NW|SE|SW)(?!\w))?"
            rf"{_UNIT}{{0,2}}{_CITY_STATE_ZIP}?(?:,?[ ]{_UK})?",
            0.9,
            "number, street, kind of street",
        ),
        rule(
            "LOCATION",
            rf"(?<![\w.,$/-])\d{{1,6}}[ ](?:{_WORD}[ ]){{1,3}}{_WORD}{_UNIT}{{1,2}}{_CITY_STATE_ZIP}?",
            0.8,
            "number, name, unit",
        ),
        rule(
            "LOCATION",
            rf"(?<![\w.,$/-])\d{{1,6}}[ ](?:{_WORD}[ ]){{0,3}}{_WORD}{_UNIT}?{_CITY_STATE_ZIP}",
            0.8,
            "number, name, town, state",
        ),
        rule(
            "LOCATION",
            rf"(?i:\b(?:P\.? ?O\.? ?Box|Post Office Box|PSC|Apartado(?: de Correos)?|Postfach))[ ]?#?\d{{1,6}}(?:[ ,]{{1,2}}(?:Box|APO|FPO)[ ]?\w{{1,5}})?{_CITY_STATE_ZIP}?(?:,?[ ](?:APO|FPO) A[AEP] \d{{5}})?",
            0.9,
            "post office box",
        ),
        rule(
            "LOCATION",
            r"\b(?:(?:USS|USNS|USCGC|USNV|Unit|PSC)[ ][\w ]{1,30}?[\n ,]+)?(?:APO|FPO|DPO)[ ,]+A[AEP][ ]\d{5}(?:-\d{4})?",
            0.9,
            "military address",
        ),
        rule(
            "LOCATION",
            rf"(?<![\w]){_TOWN}(?:,[ \n]{{1,2}}|[ ]){_STATES}[ ,]{{1,2}}\d{{5}}(?:-\d{{4}})?(?!\d)",
            0.85,
            "town, state, ZIP",
        ),
        rule(
            "LOCATION",
            rf"(?<![\w]){_TOWN},[ ](?:{_STATES})(?![\w])",
            0.6,
            "town, state",
            check=lambda v: 0.25 if v.endswith(("MD", "PA", "MS", "AS", "MA")) or v.index(",") < 4 else True,
        ),
        rule(
            "LOCATION",
            rf"(?<![\w.,$/-])\d{{1,6}}[ ](?:\d{{1,5}}[ ])?(?:(?:{_WORD}|de|do|da|of|del|u\.)[ ]){{1,5}}(?:\d{{1,5}}\w?\.?)?[ ,\n]{{0,3}}(?:(?:Apt|Apartment|Suite|Ste|Unit)\.?[ ]\d{{1,5}})(?:[ ,\n]{{1,6}}(?:{_WORD}|nan|\d{{4,6}}|[A-Z\d]{{2,4}}(?:[ ]\d[A-Z\d]{{2}})?)(?![\w@])){{0,6}}",
            0.8,
            "number, street, unit, town",
        ),
        rule("LOCATION", r"(?<!\w)(?:Apt|Apartment|Suite)\.?[ ]#?\d{1,5}[A-Z]?(?!\w)", 0.5, "unit"),
        rule(
            "LOCATION",
            rf"(?<![\w.,$/-])\d{{3,6}}[ ](?:\d{{1,4}}[ ])?{_WORD}(?:[ ]{_WORD}){{0,3}}(?:[ ]\d{{1,4}}\.?)?[ ]?(?:,|\n)[ ]{{0,5}}{_WORD}",
            0.45,
            "number and street before a line end",
            context=r"\b(?:address(?:es)?|at|to|in|live[sd]?)\b[^\n]{0,25}[ :\n]{0,3}$",
        ),
        rule("LOCATION", rf"(?<![\w]){_UK}(?![\w])", 0.75, "UK postcode"),
        rule(
            "LOCATION",
            r"(?i)\b(?:zip|postal|post|postcode|zip code|postal code|c\.?p\.?|plz|c[oó]digo postal)(?: ?code)?[ ]?[:#=]?[ ]{0,3}(?:is )?(?P<v>[A-Z]?\d[A-Z\d]{1,2}[ -]?\d?[A-Z\d]{2}(?:-\d{4})?|\d{5}(?:-\d{4})?|\d{4})(?![\w])",
            0.8,
            "after a postcode label",
        ),
        rule(
            "LOCATION",
            rf"(?:(?<=[.,(\n-])|(?<=[.,(-] ))\d{{4,5}}[ ]{{1,2}}(?:- )?(?!(?:Patients|Cases|Units|People)\b){_WORD}(?:[ ](?:(?:de|del|de la|am|an der|sur|i)[ ])?{_WORD}){{0,3}}",
            0.6,
            "postcode and town",
        ),
        rule(
            "LOCATION",
            rf"(?<!\p{{L}}){_WORD}(?:[ ](?:y[ ])?{_WORD}){{0,3}},?[ ]s/n(?!\w)",
            0.7,
            "street without number",
        ),
        rule(
            "LOCATION",
            r"(?<!\p{L})(?:España|Francia|Alemania|Italia|Portugal|Marruecos|Rumanía|México|Colombia|Ecuador|Perú|Argentina|Bolivia|Venezuela|Deutschland|Österreich|Schweiz)(?!\p{L})",
            0.5,
            "country",
        ),
        rule("LOCATION", _FOREIGN_STREET, 0.75, "kind of street first"),
        rule(
            "LOCATION",
            rf"\b(?:practi[sc]ing|lives?|lived|living|resid(?:es?|ed|ing)|born|settled|domiciled|detained|imprisoned|arrested|stationed|raised|grew up)[ ]in[ ](?:the[ ])?(?P<v>{_NAME}(?:[ ]{_NAME}){{0,2}})(?![\p{{L}}-]|[ ]?\d)",
            0.6,
            "where somebody lives or was born",
            check=_is_place,
        ),
        rule(
            "LOCATION",
            rf"(?<![\w.,])(?:{_WORD}(?:stra(?:ss|ß)e|str\.|weg|gasse|platz|allee|damm|ufer|ring|laan|straat|plein|gracht|kade|gatan|v[aä]gen|gade|vej|katu|tie)|{_WORD}[ ](?:Stra(?:ss|ß)e|Str\.|utca|u\.|út|ulica))[ ]\d{{1,4}}[a-z]?(?:,?[ ]\d{{4,5}}[ ]{_TOWN})?",
            0.85,
            "street name with number",
        ),
        rule(
            "LOCATION",
            r"(?i)(?:\b(?:address|domicilio|direcci[oó]n|residence|anschrift|adresse)[ ]?[:=|]|\b(?:residing|resident|lives|living|resides) at)[ \n]{0,3}(?P<v>(?=[^\n|;]{0,60}\d)[\p{L}\d][^\n|;]{5,90}?)(?=[.;]?[ ]*(?:$|\n|[|;]|\.[ ]))",
            0.7,
            "after an address label",
        ),
        rule(
            "LOCATION",
            r"(?i)\b(?:localidad|provincia|municipio|poblaci[oó]n|ciudad|pa[ií]s(?: de nacimiento)?|lugar de nacimiento|city|town|county|state|province|country(?: of (?:birth|residence))?|place of birth|birthplace|city of birth|hometown|lugar)(?:[ ]?/[ ]?\p{L}+)?[ ]?[:=][ ]{0,3}(?P<v>\p{Lu}[\p{L}' -]{2,40}?)(?=[ ]*(?:$|\n|[|;.,(]|[ ]{2}))",
            0.75,
            "after a place label",
        ),
        rule(
            "LOCATION",
            r"(?<![\w.])[NS]?[ ]?[-+]?\d{1,2}\.\d{4,8}°?[ ]?[NS]?,[ ]?[EW]?[-+]?\d{1,3}\.\d{4,8}°?[ ]?[EW]?(?![\w.])",
            0.8,
            "coordinates",
        ),
        rule(
            "LOCATION",
            r"(?<!\w)\d{1,2}[A-HJ-NP-Z][ ]?[A-HJ-NP-Z]{2}[ ]?\d{4,5}[ ]?\d{4,5}(?!\w)",
            0.8,
            "military grid reference",
        ),
    )


def small_area(zip3: str) -> bool:
    """Whether a three-digit ZIP prefix holds 20,000 people or fewer and must become 000.

    45 CFR 164.514(b)(2)(i)(B); the 17 prefixes of the Department's guidance (2000 census).
    """
    return zip3 in {
        "036",
        "059",
        "063",
        "102",
        "203",
        "556",
        "692",
        "790",
        "821",
        "823",
        "830",
        "831",
        "878",
        "879",
        "884",
        "890",
        "893",
    }


_PLACE_HEADER = regex.compile(
    r"(?i)(?:home |mailing |postal |street )?(?:address(?: line \d)?|street|city|town|zip(?: ?code)?|post(?:al)? ?code|domicilio|localidad|place of birth|residence|location of residence)"
)


def is_place_header(header: str) -> bool:
    """Whether a table column under `header` holds addresses."""
    return bool(_PLACE_HEADER.fullmatch(header.strip().rstrip(":").strip()))
