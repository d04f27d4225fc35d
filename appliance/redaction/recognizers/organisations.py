
"""Organisations by their own words: "St. Cole Medical Center", "Pope Inc", "Jones, Kemp and Daniel", "Söke Labour Court".

A name made of generic words only ("Court of Cassation", "Compliance Committee", "Intensive Care Unit") points at
nobody and is left.
"""

from collections.abc import Iterable
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.counter import is_abbreviation
from appliance.redaction.recognizers.ordinary import all_ordinary

_HEADS = (
    r"Hospitals?|Clinics?|Medical (?:Center|Centre|Group|Associates|Practice)|Health (?:Center|Centre|System|Services|Partners|Trust)|Healthcare|Family (?:Practice|Medicine|Health)|Hospice|Infirmary|Nursing Home|Pharmacy|Surgery|Care Home|"
    r"University|College|Institute|School|Academy|Laborator(?:y|ies)|Bank|Bancorp|Trust|Insurance|Assurance|Mutual|Credit Union|Foundation|Association|Society|Company|Co|Corporation|Corp|Inc|Incorporated|"
    r"LLC|L\.L\.C|LLP|LP|L\.P|PLC|plc|Ltd|Limited|GmbH|AG|SA|S\.A|SAS|SARL|SpA|S\.p\.A|B\.V|BV|NV|N\.V|AB|Oy|A/S|Pty|Group|Holdings?|Partners|Associates|Industries|Enterprises|Solutions|Technologies|Systems|and Sons|& Sons|"
    r"Court|Tribunal|Ministry|Prosecutor's Office|Governor's Office|Mayor's Office|(?:Detention|Remand|Reception|Correctional|Deportation) Cent(?:re|er)|Correctional Facility|Prosecution Office|Police|Prison|Penitentiary|Council|Municipality|Directorate|Agency|Authority|Department|Committee|Commission|Parliament|Assembly|Bar Association|Chamber|"
    r"Church|Parish|Union|Party|Regiment|Battalion|Brigade|Depot|Garrison|Arsenal|Shipyard|(?:Air|Naval|Army) Base|Squadron|Barracks|Airport|Hotel"
)
_WORD = r"(?:[\p{Lu}][\p{L}\p{M}'&.-]{0,30}|St\.|&)"
_PROPER = r"\p{Lu}[\p{L}\p{M}'-]+"
_OF = r"(?:University|Bank|Court|City|County|Ministry|Department|College|Institute|School|Church|Council|House|Chamber|Hospital|Society|Academy|Office|Board|Federation|Municipality|Sisters|Daughters) (?:of|de|del|for) (?:the )?"
_BY_HEAD = regex.compile(
    rf"(?<![\p{{L}}.])(?:{_OF}|{_WORD} (?:(?:and|&) )?){{1,5}}(?:{_HEADS})(?![\p{{L}}])\.?(?: (?:of|de|del|for) (?:the )?{_WORD}(?: {_WORD}){{0,2}})?"
)
_SPANISH = regex.compile(
    rf"(?<!\p{{L}})(?:Hospital|Cl[ií]nica|Centro(?: de Salud| M[eé]dico)?|Complejo Hospitalario|Instituto|Universidad|Fundaci[oó]n|Ambulatorio|Residencia|Policl[ií]nica)(?: (?:de|del|de la|la|las|los|y|e|i|en|General|Universitari[oa]|Cl[ií]nico|Regional|Provincial|Comarcal)){{0,4}} {_WORD}(?:(?: (?:de|del|de la|la|las|los|y|i)){{0,2}} {_WORD}){{0,5}}"
)
_ABROAD = regex.compile(
    rf"(?<!\p{{L}})(?:Clinique|H[oô]pital|Centre Hospitalier|Universit[ée]|Universit[àä]t?|Banque|Soci[ée]t[ée]|Institut|Lyc[ée]e|Ospedale|Policlinico|Banca|Istituto|Azienda|Klinikum|Krankenhaus|Sparkasse|Volksbank|Landesbank|Szpital|Uniwersytet|Przychodnia|"
    rf"Nemocnice|Sykehuset|Sjukhuset|Ziekenhuis|Santa Casa|Banco)(?: (?:de|du|des|de la|di|della|del|der|für|do|da|la|Saint|Sainte|San|Santa|St\.)){{0,3}} {_WORD}(?: (?:(?:de|du|des|di|della|del|et|e) )?{_WORD}){{0,3}}"
)
_LOWER_HEAD = regex.compile(
    r"(?<![\p{L}.])(?P<v>(?:(?!The |This |That |Our |Your |Each |Every |Any |All |No |In |At |His |Her )\p{Lu}[\p{L}\p{M}'-]+ ){1,3}(?:(?:[A-Z]-type|special type|closed|open|municipal|district|state|city|central|public) )?"
    r"(?:prison|hospital|cemetery|university|clinic|courthouse|police station|nursing home|monastery|mosque|synagogue|shipyard|brewery|newspaper))(?!\p{L})"
    r"|(?<![\p{L}.])(?P<v>(?:\p{Lu}[\p{L}\p{M}'-]+ ){1,2}(?:(?:Chief )?Public Prosecutor|District Governor|Provincial Governor)(?:'s Office)?)(?!\p{L})"
)
_OF_A_PLACE = regex.compile(
    rf"(?<!\p{{L}})(?:Municipalit(?:y|ies)|Prefecture|Canton|Archdiocese|Diocese|Parish) of (?:the )?{_PROPER}(?:(?: |-| and ){_PROPER})?"
)
_SECTION_OF = regex.compile(
    rf"(?<!\p{{L}}){_PROPER} (?:Section|Branch|Office|Division|Chapter) of (?:the )?{_PROPER}(?: {_PROPER}){{0,3}}"
)
_ACRONYM = r"[A-Z]{2,6}(?:-[A-Z]{1,3})?"
_ACRONYM_IN_CONTEXT = regex.compile(
    rf"(?i:\b(?:organi[sz]ation|party|trade union|union|movement|member(?:s|ship)? of|leaders? of|propaganda (?:in (?:favour|support) of|for)|supporters? of|supporting|employed by|company|ensemble|association)),? "
    rf"(?:named |called |namely |known as )?(?:the )?(?P<v>{_ACRONYM})(?![\w-])"
)
_ACRONYM_OF = regex.compile(rf"[ ]\((?:the )?[\"“']?(?P<v>{_ACRONYM})[\"”']?[,;)]")
_GLOSS = regex.compile(r"[ ]\((?:the[ ])?[\"“']?\p{Lu}[^()\n\d]{2,60}\)")
_NO_ACRONYM = frozenset("EU UN US UK USA NATO EC EEC UNHCR ECHR EUR USD GBP LLC LLP PLC INC LTD AG SA II III IV VI ID HR IT PC TV DNA HIV AIDS ICU ER".split())
_FIRM = regex.compile(r"(?<![\p{L}])[\p{Lu}][\p{L}'-]+, [\p{Lu}][\p{L}'-]+,? (?:and|&) [\p{Lu}][\p{L}'-]+(?![\p{L}])")
_HYPHENATED = regex.compile(
    r"(?:\b(?:invoice to|bill to|at|for|with|from|of|via|by)[ ])(?P<v>[\p{Lu}][\p{L}']+-[\p{Lu}][\p{L}']+)(?=[,.;\n]| (?:Inc|Ltd|LLC|Group|and Sons|PLC))"
)
_LABEL = regex.compile(
    r"(?im:^|[|;,.(\t])[ ]*(?:employer|company(?: name)?|organi[sz]ation|institution|facility|bank(?: name)?|insurer|insurance(?: company| carrier)?|carrier|payer|pharmacy|school|unit|regiment|vendor|supplier)[ ]*[:=][ ]{0,6}(?P<v>[\p{Lu}][\p{L}\p{M}\d'&.,()/ -]{2,60}?)(?=[ ]*(?:$|\n|[|;]|[ ]{2}))"
)
GENERIC = frozenset(
    """
the of and for de in a an to on at its her his their this that under with & european international national federal central supreme high constitutional regional district city
county state states general local public private joint royal united republic kingdom government governments state's council committee commission court courts tribunal chamber section grand plenary
assembly parliament ministry minister department departments division directorate office service services authority agency administration administrative board body bureau centre center unit team group appeal
appeals cassation assize criminal civil commercial labour labor family juvenile military land tax fiscal social security insurance pension fund health medical care justice interior foreign affairs finance
economy education labour defence defense police prosecutor prosecutor's prosecution public prison penitentiary hospital clinic forensic institute university faculty school college bank trust first second third instance
convention registry registrar protocol treaty union rights human nations security investigation investigations bar association legal aid immigration asylum refugee board appeals administrative
company corporation inc ltd llc limited co holdings holding partners borrower lender agent bank banks holder holders company's compliance risk audit credit operations operational treasury management senior executive
quality assurance safety incident response emergency department intensive acute critical outpatient inpatient pharmacy laboratory radiology nursing surgery surgical medicine internal pediatric paediatric oncology cardiology
neurology psychiatry orthopedics orthopaedics gynecology obstetrics maternity infection control ethics clinical governance patient patients experience human resources information technology it support help desk helpdesk facilities
maintenance engineering logistics supply stores training planning policy policies procurement purchasing internal external affairs communications relations customer client anti-money anti laundering aml kyc fraud
research prevention medicines cumulative supplies annual
dear hi regards best team section new house houses lords commons council europe committee's commission's court's ministers
""".split()
)


def is_generic(name: str) -> bool:
    """Whether every word of an organisation's name is generic."""
    words = regex.findall(r"[\p{L}\p{M}'-]+", name.casefold())
    return all(word.removesuffix("'s") in GENERIC for word in words)


class OrganisationRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "organisation"
    TYPES = ("ORGANIZATION",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Organisations with at least one specific word."""
        acronyms: set[str] = set()
        for pattern, score, reason in (
            (_BY_HEAD, 0.7, "ends in a kind of organisation"),
            (_SPANISH, 0.7, "begins with a kind of organisation"),
            (_ABROAD, 0.65, "begins with a foreign kind of organisation"),
            (_LOWER_HEAD, 0.6, "named institution"),
            (_OF_A_PLACE, 0.6, "community of a place"),
            (_SECTION_OF, 0.55, "part of an organisation"),
            (_FIRM, 0.65, "names joined as a firm"),
            (_HYPHENATED, 0.5, "two names joined"),
            (_LABEL, 0.7, "after a label of organisation"),
        ):
            group = "v" if "v" in pattern.groupindex else 0
            for match in matches(pattern, text, self.name):
                start, end = match.span(group)
                start, end = trim_organisation(text, start, end)
                if end > start and not is_generic(text[start:end]):
                    if pattern is _LOWER_HEAD and all_ordinary(regex.findall(r"\p{Lu}[\p{L}\p{M}'-]+", text[start:end])):
                        continue
                    short = _ACRONYM_OF.match(text, end)
                    if short:
                        acronyms.add(short["v"])
                    gloss = _GLOSS.match(text, end)
                    yield result("ORGANIZATION", start, gloss.end() if gloss else end, score, self, reason)
        yield from self._acronyms(text, acronyms)

    def _acronyms(self, text: str, known: set[str]) -> Iterable[RecognizerResult]:
        """Every mention of short names that stand behind their long one, or where only an organisation can."""
        known |= {match["v"] for match in matches(_ACRONYM_IN_CONTEXT, text, self.name)}
        known = {each for each in known if each not in _NO_ACRONYM and not is_abbreviation(each)}
        if known:
            listed = "|".join(map(regex.escape, sorted(known, key=len, reverse=True)))
            for match in regex.finditer(rf"(?<![\w-])(?:{listed})(?![\w-])", text):
                gloss = _GLOSS.match(text, match.end())
                end = gloss.end() if gloss else match.end()
                yield result("ORGANIZATION", match.start(), end, 0.6, self, "short name of an organisation")


_LEAD = regex.compile(
    r"(?:(?:The|the|A|An|At|In|On|By|For|From|To|Of|With|And|Dear|Hi|This|That|When|If|As|Our|Your|Under|Before|Each|Every|Any|All|No|Please|Both|See|Per|Contact|Call|Ask|Visit|Dear|Hi|Invoice|Bill|History|Workup|Known|Via)[, ]+)+"
)


def trim_organisation(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop leading words that are no part of an organisation's name."""
    lead = _LEAD.match(text, start, end)
    if lead:
        start = lead.end()
    while end > start and text[end - 1] in " ,;-&":
        end -= 1
    return start, end
