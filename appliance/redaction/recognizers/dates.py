
"""Dates in common spellings, and ages.

Left alone: durations, clock times alone, dose schedules, fractions, versions, and years inside a standard's
or law's number. A bare year counts only where a sentence dates something by it.
"""

import regex

from appliance.redaction.recognizers.base import RuleRecognizer, rule

MONTHS = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre"
    r"|januar|februar|märz|mai|juni|juli|oktober|dezember|janvier|février|fevrier|mars|avril|juin|juillet|août|aout|septembre|octobre|novembre|décembre"
    r"|gennaio|febbraio|marzo|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|dezembro"
    r"|januari|februari|maart|mei|augustus|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia"
    r"|ocak|şubat|nisan|mayıs|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık|januar|marts|maj|oktober|desember|december"
)
_ORDINALS = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-\w{5,7}|thirtieth|thirty-first)"
_FULL_MONTHS = (
    r"January|February|March|April|June|July|August|September|October|November|December"
    r"|JANUARY|FEBRUARY|APRIL|JUNE|JULY|AUGUST|SEPTEMBER|OCTOBER|NOVEMBER|DECEMBER"
)
_YEAR = r"(?:1[89]|20)\d{2}"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"


def _numeric(value: str) -> bool:
    """Day and month in range in either order."""
    first, second, *_ = (int(part) for part in regex.findall(r"\d+", value))
    return 1 <= first <= 31 and 1 <= second <= 31 and (first <= 12 or second <= 12)


class CalendarDateRecognizer(RuleRecognizer):
    """Complete dates, months of a year, days of a month, and years that date an event."""

    NAME = "date"
    TYPES = ("DATE_TIME",)
    RULES = (
        rule(
            "DATE_TIME",
            rf"(?<![\w./-]){_YEAR}([-/.])(?:0?[1-9]|1[0-2])\1{_DAY}{_TIME}(?![\w-]|\.\d)",
            0.95,
            "year first",
        ),
        rule(
            "DATE_TIME",
            rf"(?<![\w./-])\d{{1,2}}([/.-])\d{{1,2}}\1(?:{_YEAR}|\d{{2}})(?![\w/-]|\.\d)",
            0.85,
            "numeric date",
            check=_numeric,
        ),
        rule(
            "DATE_TIME",
            rf"(?<![\w./-])\d{{1,2}} ?([/.-]) ?\d{{1,2}} ?\1 ?{_YEAR}(?![\w/-]|\.\d)",
            0.85,
            "numeric date, spaced",
            check=_numeric,
        ),
        rule(
            "DATE_TIME",
            rf"(?<![\w./-]){_DAY}(?:st|nd|rd|th|\.|º)?[ -]?(?:of |de |d')?(?:{MONTHS})\.?,?[ -]?(?:of |de |del )?(?:{_YEAR}|'?\d{{2}}(?![\d:]))(?![\w]|[.,]\d)",
            0.95,
            "day, month, year",
            flags=regex.IGNORECASE,
        ),
        rule(
            "DATE_TIME",
            rf"(?<!\w)(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?,? )?(?:{MONTHS})\.?[ -]{_DAY}(?:st|nd|rd|th)?(?:,? |-){_YEAR}(?!\w|-\d)",
            0.95,
            "month, day, year",
            flags=regex.IGNORECASE,
        ),
        rule(
            "DATE_TIME",
            rf"(?<!\w)(?:{MONTHS})\.?,? (?:of |de |del )?(?:{_YEAR}|'\d{{2}})(?!\w|-\d)",
            0.8,
            "month and year",
            flags=regex.IGNORECASE,
        ),
        rule(
            "DATE_TIME",
            rf"(?<![\w./-]){_DAY}(?:st|nd|rd|th)?(?:[ -]| of )(?:{_FULL_MONTHS}|May|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec)(?![\w])",
            0.7,
            "day and month",
        ),
        rule(
            "DATE_TIME",
            rf"(?<!\w)(?:{_FULL_MONTHS}|May|Jan\.?|Feb\.?|Mar\.?|Apr\.?|Jun\.?|Jul\.?|Aug\.?|Sept?\.?|Oct\.?|Nov\.?|Dec\.?) {_DAY}(?:st|nd|rd|th)?(?!\w|[.,:%/-]?\d| ?(?:mg|ml|kg|cm|mm|%))",
            0.65,
            "month and day",
        ),
        rule(
            "DATE_TIME",
            rf"(?i)(?<![\w./-])(?P<v>{_DAY}(?:st|nd|rd|th)?(?:,[ ]{_DAY}(?:st|nd|rd|th)?){{0,3}}),?(?:[ ](?:and|to|or|y|al?|et|und)[ ]|[ ]?-[ ]?)(?={_DAY}(?:st|nd|rd|th)?[ ](?:of[ ]|de[ ])?(?:{MONTHS})\b)",
            0.7,
            "day of a list of dates",
        ),
        rule(
            "DATE_TIME",
            rf"(?<!\w)(?P<v>{_FULL_MONTHS}|May)[ ](?:and|to|or|until)[ ](?=(?:{_FULL_MONTHS}|May)[ ]{_YEAR})",
            0.7,
            "month of a list of dates",
        ),
        rule(
            "DATE_TIME",
            rf"(?:(?<={_YEAR},[ ])|(?<={_YEAR}[ ]and[ ])|(?<={_YEAR}[ ]or[ ])){_YEAR}(?![\w%]|[.,:/-]\d)|(?<!\w){_YEAR}(?=(?:,[ ]{_YEAR})*[ ](?:and|or)[ ]{_YEAR}(?!\w))",
            0.55,
            "year of a list of years",
        ),
        rule("DATE_TIME", rf"(?i)(?<!\w){_ORDINALS}[ ](?:day[ ])?of[ ](?:{MONTHS})\b(?:,?[ ]{_YEAR})?", 0.85, "day in words"),
        rule("DATE_TIME", rf"(?i)(?<!\w)(?:{MONTHS})[ ](?:the[ ])(?:{_DAY}(?:st|nd|rd|th)?|{_ORDINALS})(?:,?[ ]{_YEAR})?(?!\w)", 0.85, "month and day in words"),
        rule("DATE_TIME", rf"(?<!\d){_YEAR}[ ]?年[ ]?\d{{1,2}}[ ]?月(?:[ ]?\d{{1,2}}[ ]?日)?", 0.95, "year, month, day"),
        rule("DATE_TIME", r"(?<!\d)(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:T?\d{6})?(?!\d)", 0.8, "eight digits after a word of time", context=r"\b(?:on|date[d]?|since|from|until|by|born|dob|admitted|discharged)[ :]{1,2}$"),
        rule("DATE_TIME", rf"(?i)(?<!\w)(?:Q[1-4]|H[12]|(?:first|second|third|fourth) (?:quarter|half) of|christmas|easter|thanksgiving|new year's (?:eve|day)|ramadan|halloween)[ ,/-]{{1,2}}(?P<v>{_YEAR})(?!\w)", 0.6, "year of a season"),
        rule("DATE_TIME", r"(?i)\b(?:week of|week ending|w/[ce]|on|by|until|due|am|den)[ ](?P<v>(?:0?[1-9]|[12]\d|3[01])(?:/(?:0?[1-9]|[12]\d|3[01])|\.(?:0[1-9]|1[0-2])\.))(?![\w/]|\.?\d| ?(?:%|mg|ml))", 0.5, "day and month after a word of time"),
        rule("DATE_TIME", rf"(?<![\w./-])(?:0?[1-9]|1[0-2])/{_YEAR}(?![\w/]|\.\d)", 0.6, "month/year"),
        rule(
            "DATE_TIME",
            rf"(?:\b(?:in|for|since|of|until|till|from|to|between|during|by|before|after|around|circa|early|late|mid|year|born|and|summer|spring|autumn|winter|fall|season|class of|en|desde|año|del?)[ -]|(?:dated|born|b\.|d\.|died)[: ]{{1,2}})"
            rf"(?:the (?:year |summer of |end of )?)?(?P<v>(?:año )?{_YEAR}(?:s|[-/](?:{_YEAR}|\d{{2}}))?)(?![\w%]|[.,:/-]\d| ?(?:mg|ml|g|kg|mcg|units?|EUR|USD|euros?|patients|people|cases|hours|meters|m|ft)\b)",
            0.5,
            "year that dates an event",
            flags=regex.IGNORECASE,
        ),
        rule(
            "DATE_TIME",
            r"(?i)(?:\b(?:dob|d\.o\.b\.?|birth(?: ?date)?|born(?: on)?|date of birth|fecha de nacimiento|geboren(?: am)?|né(?:e)? le)\b[^\w\n]{0,6})(?P<v>\d{1,2}[ /.-]\d{1,2}[ /.-]\d{2,4}|\d{8}|\d{6}|(?:19|20)\d{2})(?!\w)",
            0.95,
            "after a birth label",
        ),
        rule(
            "DATE_TIME",
            r"(?i)\b(?:date(?:d)?|admitted|discharged|admission|discharge|dos|seen|visit|signed|dictated|transcribed|collected|received|reported|issued|expir(?:y|es)|valid until)[ a-z]{0,12}[:#]\s{0,3}(?P<v>\d{1,2}[ /.-]\d{1,2}(?:[ /.-]\d{2,4})?|\d{8})(?![\w:]|[.,]\d| ?(?:%|[mkµ]?[gl]\b|mmol|units?\b))",
            0.8,
            "after a date label",
        ),
    )


def _over(value: str) -> bool:
    found = regex.search(r"\d+", value)
    return found is not None and int(found[0]) <= 125


_SPANISH_NUMBERS = (
    r"(?:un|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|trece|catorce|quince|diecis[eé]is|diecisiete|dieciocho|diecinueve|veinte|veinti\w{2,6}|(?:treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)(?: y \w{2,6})?)"
)
_NUMBER_WORDS = (
    r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[- ](?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
)


class AgeRecognizer(RuleRecognizer):
    """Ages of people: the number alone, so that the sentence stays readable."""

    NAME = "age"
    TYPES = ("AGE",)
    RULES = (
        rule(
            "AGE",
            rf"(?i)(?<![\w./-])(?P<v>\d{{1,3}}|{_NUMBER_WORDS})[ -]?(?:years?|yrs?|y)[ -]?(?:of age|olds?|/o|\.?o\.?)(?!\w)",
            0.9,
            "years old",
            check=lambda v: not v[0].isdigit() or _over(v),
        ),
        rule(
            "AGE",
            r"(?i)(?<![\w./-])(?P<v>\d{1,3})[ -]?(?:months?|mos?|weeks?|wks?|days?)[ -](?:olds?|of age)(?!\w)",
            0.85,
            "months old",
            check=_over,
        ),
        rule(
            "AGE",
            rf"(?i)\b(?:aged?|at (?:the )?age(?: of)?|(?:will |'ll )turn|turn(?:ed|ing|s)|edad(?: de)?)[ :=]{{1,3}}(?:is )?(?P<v>\d{{1,3}}|{_NUMBER_WORDS})(?! ?(?:mg|ml|kg|%|cm|mm|and (?:over|above|older|under))|[\w/%-]|\.\d)",
            0.8,
            "after an age label",
            check=lambda v: not v[0].isdigit() or _over(v),
        ),
        rule("AGE", r"(?<![\w./-])(?P<v>\d{1,3})[ -]?(?:yo|YO|y/o|Y/O|y\.o\.|yr old)(?!\w)", 0.9, "y/o", check=_over),
        rule(
            "AGE",
            r"(?<![\w./-])(?P<v>\d{1,2})[ ]?(?:M|F)(?= (?:with|who|presents?|presenting|c/o|s/p|admitted|here|w/))",
            0.75,
            "age and sex",
            check=_over,
        ),
        rule(
            "AGE",
            r"(?i)\b(?:is|was|turned|turns|am|are|be|she's|he's|i'm) (?:only |just |about |now )?(?P<v>\d{1,3})(?= (?:and|now)\b|[,;.!?](?!\d)|$)",
            0.45,
            "is a number",
            check=lambda v: 1 <= int(v) <= 110,
            context=r"\b(?:he|she|i|who|patient|mother|father|son|daughter|brother|sister|wife|husband|\p{Lu}\p{Ll}+)\b[^.\n]{0,30}$",
        ),
        rule(
            "AGE",
            rf"(?i)\b(?:i am|i'm|he is|she is|who is|he was|she was) (?:now |only )?(?P<v>{_NUMBER_WORDS})(?=[,.;]|$| and )",
            0.6,
            "is a number in words",
            check=lambda v: len(v) > 5,
        ),
        rule("AGE", r"(?i)\b(?:his|her|their|the patient's|late|early|mid)[ -](?:late |early |mid[ -]?)?(?P<v>(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)ies|[2-9]0'?s)(?!\w)", 0.7, "decade of life"),
        rule(
            "AGE",
            r"\p{Lu}[\p{L}'-]+[ ]\p{Lu}[\p{L}'-]+(?:,[ ](?P<v>\d{1,3})(?=,[ ]\p{Ll})|[ ]\((?P<v>\d{1,3})\)(?![\w]))",
            0.5,
            "number after a name",
            check=lambda v: 14 <= int(v) <= 110,
        ),
        rule(
            "AGE",
            rf"(?i)(?<![\w./-])(?P<v>(?:\d{{1,3}}|{_SPANISH_NUMBERS})[ ]?(?:años?|mes(?:es)?|d[ií]as|semanas))(?=[ ](?:y[ ]\w+[ ]meses[ ])?de[ ](?:edad|vida)\b)",
            0.85,
            "años de edad",
        ),
        rule(
            "AGE",
            rf"(?i)(?:\b(?:edad|var[oó]n|mujer|hombre|paciente|niñ[oa]|lactante|femenin[oa]|masculin[oa]|hij[oa]s?|madre|padre|herman[oa])[ ]?[:,]?[ ](?:\w+[ ]){{0,2}}?(?:de[ ])?)(?P<v>(?:\d{{1,3}}|{_SPANISH_NUMBERS})[ ]?(?:años?|mes(?:es)?|d[ií]as))(?![ ](?:antes|despu[eé]s|de (?:evoluci[oó]n|seguimiento)|previ)|\w)",
            0.75,
            "años of a person",
        ),
    )
