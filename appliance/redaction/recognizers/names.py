"""Names by the words around them: titles, form labels, salutations, signatures, kinship, credentials, mail headers.

Their evidence is strong: "Dr. Murphy" is a person although "Murphy's sign" is not.
"""

from collections.abc import Iterable
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import ApplianceRecognizer, matches, result
from appliance.redaction.recognizers.counter import HEADING_WORDS, is_abbreviation
from appliance.redaction.recognizers.lexicon import words as listed
from appliance.redaction.recognizers.ordinary import all_ordinary, is_ordinary

_TOKEN = r"(?:[\p{Lu}][\p{L}\p{M}'`-]*[\p{L}\p{M}](?![\w])|\p{Lu}(?:\.-?\p{Lu})*\.?(?!\w))"
_PARTICLE = r"(?:de|del|della|de la|de los|de las|da|das|dos|do|di|du|la|le|van|van der|van den|van de|von|von der|zu|den|der|ter|ten|al|el|bin|ibn|bint|ben|abu|af|av|y|e|st\.|san|mac|o')"
NAME = rf"{_TOKEN}(?:(?:[ ]|, (?=(?:Jr|Sr|II|III|IV)\b))(?:{_PARTICLE}[ ])?{_TOKEN}){{0,4}}"
_ONE_LINE_NAME = rf"(?:{_PARTICLE}[ ])?{NAME}"
_COMMA_NAME = rf"(?:{_PARTICLE}[ ])?{_TOKEN}(?:[ ]{_TOKEN}){{0,2}},[ ]?{_TOKEN}(?:[ ]{_TOKEN}){{0,2}}"
_TITLE = (
    r"(?:Mr|Mrs|Ms|Mx|Miss|Mister|Madam|Madame|Mme|Mlle|Monsieur|Sir|Dame|Lord|Lady|Dr|Drs|Doctor|Prof|Professor|Rev|Reverend|Fr|Father|Sister|Brother|Imam|Rabbi|"
    r"Judge|Justice|Ambassador|Capt|Captain|Lt|Lieutenant|Lt Col|Col|Colonel|Maj|Major|Gen|General|Brig|Brigadier|Sgt|SSgt|MSgt|Sergeant|Cpl|LCpl|Corporal|Pte|Pvt|Private|"
    r"Cdr|Commander|Cmdr|Adm|Admiral|WO1|WO2|CPO|PO|Airman|Spc|Officer|Constable|Inspector|Detective|Nurse|Matron|Sra|Srta|Sr|Señora|Señor|Señorita|Don|Doña|D|Dña|Dra|Herr|Frau|Sig|Signor|Signora|Dott|Dhr|Mevr|"
    r"MR|MRS|MS|MISS|DR|PROF|CAPT|LT|COL|MAJ|GEN|SGT|CPL)"
)
_FORM_LABEL = (
    r"(?:(?:full |first |last |given |family |middle |maiden |birth |preferred |patient(?:'s)? |client(?:'s)? |customer(?:'s)? |applicant(?:'s)? |account |card ?|policy ?|employee |member |subscriber |"
    r"insured |guarantor |user |contact |beneficial owner |doctor |physician |provider |nurse |traveller |traveler |holder )?(?:name|surname|forename|nombre|apellidos?|nom|pr[eé]nom|nachname|vorname|naam)s?(?: of [a-z ]{3,20})?|"
    r"patient|paciente|pt|resident|re|attn|attention|cc|bcc|from|to|sender|recipient|author|attending(?: physician)?|physician|doctor|provider|surgeon|assistant|an(?:a)?esthesi(?:ologist|a)|"
    r"referring(?: physician| provider| doctor)?|referred by|primary care(?: physician| provider)?|pcp|gp|consultant|m[eé]dico|respons(?:a|i)ble(?: cl[ií]nico)?|remitido por|nurse|therapist|"
    r"dictated by|transcribed by|signed(?: by)?|electronically signed(?: by)?|prepared by|reviewed by|approved by|authori[sz]ed by|completed by|reported by|submitted by|witness(?:ed by)?|verified by|checked by|"
    r"(?:emergency )?contact(?: person)?|next of kin|nok|guardian|mother|father|spouse|wife|husband|partner|son|daughter|parent|carer|caregiver|"
    r"customer|client|account holder|holder|cardholder|borrower|co-borrower|guarantor|beneficiary|payee|payer|remitter|director|secretary|chair(?:man|woman|person)?|treasurer|shareholder|owner|"
    r"(?:relationship |account |case |project )?manager|officer|supervisor|employee|requester|requested by|assigned to|reporter|interviewer|interviewee|attendees?|present|participants?|apologies|minutes(?: taken)? by|"
    r"driver|passenger|traveller|traveler|commander|operator|technician|inspector|engineer|poc|point of contact|signature|custodian|held by|issued to|keyholder|assignee|assigned|owned by|entered by|counted by|handed to|received by|collected by|returned by)"
)
_KIN = (
    r"(?:wife|husband|spouse|partner|fianc[eé]e?|girlfriend|boyfriend|daughter|son|mother|mom|mum|father|dad|sister|brother|grandmother|grandfather|grandma|grandpa|granddaughter|grandson|aunt|uncle|niece|nephew|cousin|"
    r"stepmother|stepfather|stepson|stepdaughter|mother-in-law|father-in-law|sister-in-law|brother-in-law|son-in-law|daughter-in-law|guardian|caregiver|carer|neighbou?r|"
    r"maiden name is|name is|named|called|call me|known as|alias|a\.k\.a\.|aka|née|nee|this is|i am|i'm|under the name)"
)
_CREDENTIAL = r"(?:MD|M\.D\.?|DO|D\.O\.|MBBS|MBChB|FRCS|FRCP|FACS|PhD|Ph\.D\.?|RN|R\.N\.|LPN|NP|ARNP|CRNP|FNP|PA-C|PA|PT|OT|DPT|PharmD|RPh|DDS|DMD|DVM|LCSW|MSW|Esq\.?|CPA|CFA|JD|J\.D\.|QC|KC|RCP|CRNA|CNM)"
_CLOSING = (
    r"(?:(?:kind|best|warm|warmest|many|with)?[ ]?(?:regards|wishes)|best|cheers|thanks(?: again| so much| a lot| in advance)?|many thanks|thank you|thx|sincerely(?: yours)?|yours(?: sincerely| faithfully| truly)?|cordially|"
    r"respectfully(?: yours)?|faithfully|love|take care|talk soon|signed|saludos(?: cordiales)?|atentamente|un saludo|mit freundlichen gr[uü][sß]{1,2}en|cordialement)"
)
_RULES = tuple(
    (regex.compile(pattern, regex.MULTILINE | regex.V1), score, reason)
    for pattern, score, reason in (
        (
            rf"(?<![\p{{L}}.])(?:{_TITLE}\.?[ ]{{1,2}}(?:{_TITLE}\.?[ ]{{1,2}})?|(?:Lt\.? Col\.?|Maj\.? Gen\.?|Wing Commander|Staff Sergeant|Chief Petty Officer|Flight Lieutenant|Warrant Officer)[ ])(?P<v>{_ONE_LINE_NAME})",
            0.9,
            "after a title",
        ),
        (
            rf"(?im:^|[|;,.(\t]|[ ]{{2,}})[ ]*(?i:{_FORM_LABEL})[ ]*(?:\([\w ]+\)[ ]*)?[:=|][ ]{{0,8}}(?:{_TITLE}\.? )?(?P<v>{_COMMA_NAME}(?=[ ]*(?:$|[|;\d(]|[ ]{{2,}}|[A-Z]{{2,}}[ :#]))|{_ONE_LINE_NAME})",
            0.85,
            "after a form label",
        ),
        (
            rf"(?i:\b(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|greetings|hola|estimad[oa]|sehr geehrte[r]?|lieber|liebe|cher|chère)),?[ ](?:{_TITLE}\.? )?(?P<v>{_ONE_LINE_NAME})",
            0.85,
            "after a salutation",
        ),
        (
            rf"(?im:^[ ]*|[.!?][ ]+){'(?i:' + _CLOSING + ')'}[ ]*[,.!-]*(?:[ ]*\n){{0,3}}[ ]*(?P<v>{_ONE_LINE_NAME})[ ]*(?=$|[,.|(]|\n)",
            0.8,
            "after a closing",
        ),
        (
            rf"(?i:\b(?:my|his|her|their|the|patient's|pt's|your|our|a)[ ](?:\w+[ ])?{_KIN}|\b{_KIN}),?[ ]+(?:{_TITLE}\.? )?(?P<v>{NAME})",
            0.7,
            "after a word of kinship or naming",
        ),
        (rf"(?<![\p{{L}}'-])(?P<v>{_ONE_LINE_NAME}),?[ ](?:{_CREDENTIAL})(?![\w])", 0.85, "before a credential"),
        (
            rf"(?<![\p{{L}}'-])(?P<v>{_COMMA_NAME}|{_ONE_LINE_NAME})\"?[ ]*<[^<>\s]{{1,80}}@[^<>\s]{{1,80}}>",
            0.9,
            "display name of a mail address",
        ),
        (
            rf"^(?P<v>{_TOKEN}(?:[ ]{_TOKEN})?)[ ]?(?:,|-|--)[ ]?(?=$|(?i:can|could|please|pls|i|we|as|just|thanks|the|attached|quick|following|per|any|do|are|have|would|here)\b)",
            0.6,
            "opening of a message",
        ),
        (
            rf"(?i:\b(?:(?:seen|signed|dictated|reviewed|examined|evaluated|admitted|referred|performed|assisted|written|prepared|approved|represented|treated|followed|authori[sz]ed|accompanied|interviewed|witnessed|reported|countersigned) by|spoke (?:with|to)|discussed with|per|c/o|attn\.?|on behalf of|signed:|beneficiary|account holder))[ ](?:{_TITLE}\.? )?(?P<v>{NAME})",
            0.6,
            "after a verb with a person",
        ),
        (
            rf"(?i:\b(?:saw|met|examined|told|asked|emailed|phoned|informed|treated|consulted|introduced|for))[ ](?P<v>{_TOKEN}[ ](?:{_PARTICLE}[ ])?{_TOKEN})(?=[ ]*(?:[,.;(]|for\b|in\b|on\b|at\b|and\b|who\b|with\b|today\b|$))",
            0.5,
            "object of a verb with a person",
        ),
        (
            rf"(?i:\b(?:by|with|from|and|cc|to|of|per)|[,;:])[ ](?P<v>(?:\p{{Lu}}\.[ -]?){{1,3}}(?:{_PARTICLE}[ ])?\p{{Lu}}[\p{{L}}\p{{M}}'-]{{2,}})",
            0.6,
            "initials and a surname",
        ),
        (
            rf"(?<![\p{{L}}.])(?P<v>(?:\p{{Lu}}\.[ -]?){{2,3}}(?:{_PARTICLE}[ ])?\p{{Lu}}[\p{{L}}\p{{M}}'-]{{2,}})",
            0.45,
            "initials and a surname",
        ),
        (r"(?<![\p{L}.])(?P<v>\p{Lu}[\p{L}\p{M}'-]*\p{Ll}, (?:\p{Lu}\.[ ]?){1,3})", 0.65, "surname, initial"),
        (
            rf"(?i:\b(?:the )?(?:applicants?|appellant|plaintiff|defendant|claimant|complainant|respondent|accused|deceased|witness|victim)),?[ ](?:{_TITLE}\.? )?(?P<v>{NAME})",
            0.6,
            "party to a case",
        ),
        (
            rf"(?i:\b(?:employee|patient|customer|client|resident|tenant|borrower|user|member|soldier|traveller|passenger|director|inmate|pupil|student))[ ](?:{_TITLE}\.? )?(?P<v>{_TOKEN}[ ](?:{_PARTICLE}[ ])?{_TOKEN})",
            0.55,
            "after a role",
        ),
    )
)
_STOP = regex.compile(
    r"(?:Dear|The|This|That|These|Those|A|An|And|Or|But|If|In|On|At|By|For|From|To|Of|With|Is|Was|Are|Were|Be|Been|Has|Have|Had|It|He|She|They|We|You|I|All|Any|No|Not|Yes|None|Please|Thanks|Thank|Team|Sir|Madam|"
    r"Sirs|Everyone|Folks|There|Here|Who|What|When|Where|Which|Why|How|Will|Can|Could|Should|May|Patient|Patients|Date|Name|Address|Phone|Tel|Fax|Email|E-mail|Dob|DOB|Age|Sex|Gender|Unknown|Number|No|N/A|NA|"
    r"MRN|SSN|ID|NPI|Customer|Client|Account|Department|Dept|Service|Services|Office|Hospital|Clinic|Bank|Committee|Board|Council|Court|Government|Re|RE|Subject|Regards|Best|Attending|Physician|Doctor|Nurse|Staff|"
    r"Clinical|Medical|Support|Human|Resources|Manager|Admin|Administrator|Customer|Compliance|Officer|Director|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|January|February|"
    r"September|October|November|December|MD|RN|DO|Edad|Sexo|Fecha|Médico|Domicilio|NHC|NASS|CP|Localidad|Apellidos|Nombre|Servicio|Hospital|Informe|España)",
    0,
)


PARTICLES = frozenset(
    "de del della la las los le da das dos do di du van von der den zu ter ten al el bin ibn bint ben abu af av y e i st san".split()
)
NOT_ALONE = HEADING_WORDS | frozenset(
    """
wife husband spouse partner daughter son mother mom mum father dad sister brother grandmother grandfather grandma grandpa aunt uncle niece nephew cousin family friend neighbor neighbour baby child children kids parents
sir madam team everyone all folks colleagues customer client sirs doc doctor nurse officer captain colonel major sergeant private general judge justice father professor website personal info answer subject wire mobile desk office home
""".split()
)


def clean_name(text: str, start: int, end: int) -> tuple[int, int]:
    """Drop words from both ends that are no part of a name; an empty span when nothing is left."""
    words = [(match.start(), match.end()) for match in regex.finditer(r"[\p{L}\p{M}\d'`.\-/]+", text[start:end])]
    words = [(start + s, start + e) for s, e in words]
    bare = [text[s:e].strip(".'`-") for s, e in words]
    first, last = 0, len(words)
    while first < last and _STOP.fullmatch(bare[first]) and not _is_initial(text, words[first]):
        first += 1
    if any(word[:1].isupper() for word in bare[first:last]):
        while (
            first < last
            and bare[first][:1].islower()
            and bare[first].casefold() not in PARTICLES
            and (len(bare[first]) < 4 or is_ordinary(bare[first]))
        ):
            first += 1
    ordinary = first
    while ordinary < last - 1 and is_ordinary(bare[ordinary]):
        ordinary += 1
    # Why two: one ordinary word may be a given name (Precious, Loyal), two in a row are a heading before a name.
    if ordinary - first >= 2 and not is_ordinary(bare[ordinary]):
        first = ordinary
    for position in range(first, last):
        if _STOP.fullmatch(bare[position]) and len(bare[position]) > 1:
            last = position
            break
    if first >= last:
        return start, start
    if bare[first][:1].isupper():
        for position in range(first + 1, last):
            gap = text[words[position - 1][1] : words[position][0]]
            if (bare[position][:1].islower() and bare[position].casefold() not in PARTICLES) or gap.strip(" ") in (
                "-",
                "--",
                ":",
                ";",
                "|",
                "(",
                "/",
            ):
                last = position
                break
    while last - 1 > first and bare[last - 1].casefold() in PARTICLES and bare[last - 1].islower():
        last -= 1
    if all(is_abbreviation(word) for word in bare[first:last]):
        return start, start
    if last - first == 1 and (is_abbreviation(bare[first]) or bare[first].casefold() in NOT_ALONE):
        return start, start
    begin, finish = words[first][0], words[last - 1][1]
    tail = text[begin:finish]
    if tail.endswith(("'s", "'S")):
        finish -= 2
    elif tail.endswith(("'", "`", "-")) or (
        tail.endswith(".") and len(bare[last - 1]) > 2 and "." not in bare[last - 1]
    ):
        finish -= 1
    return begin, finish


def _is_initial(text: str, word: tuple[int, int]) -> bool:
    """Whether the word at that span is a letter with a full stop: "A. Lindgren", though "A" begins many a title."""
    return word[1] - word[0] == 2 and text[word[1] - 1] == "."


def is_stop(word: str) -> bool:
    """Whether a capitalised word is never part of a name."""
    return _STOP.fullmatch(word) is not None or word.casefold() in NOT_ALONE


_WORD = regex.compile(r"[\p{L}\p{M}][\p{L}\p{M}'-]*")
_RANK_OR_ADJECTIVE = regex.compile(
    r"(?i)(?:general|major|private|justice|officer|father|brother|sister|commander)\.?[ ]+$"
)
_NAME_LABEL = regex.compile(r"(?i)(?:name|surname|forename|nombre|apellidos?|nom|nachname|vorname|naam)s?\b[^|]*[:=]")
_SURE_CONTEXT = frozenset(
    {"before a credential", "display name of a mail address", "after a salutation", "after a closing"}
)


def _no_name(text: str, before: int, start: int, end: int, reason: str) -> bool:
    """Whether ordinary words stand where a name could: "Owner | Due", "Contact: Single", "General Medicine"."""
    tokens = _WORD.findall(text, start, end)
    in_a_cell = (
        len(tokens) == 1 and tokens[0].casefold() in listed("ambiguous_names") and text[start - 2 : start] == "| "
    )
    if reason in _SURE_CONTEXT or not (in_a_cell or all_ordinary(tokens)):
        return False
    if reason == "after a title":
        return _RANK_OR_ADJECTIVE.search(text, before, start) is not None
    return not (reason == "after a form label" and _NAME_LABEL.search(text, before, start))


_TIME_WORD = regex.compile(
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|\p{Lu}\p{Ll}{2,5}day)[ ](?=\p{Lu})"
)
"""A given name behind a title, though it is a month or a day anywhere else."""


class NameContextRecognizer(ApplianceRecognizer):
    """See the module."""

    NAME = "name_context"
    TYPES = ("PERSON",)

    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Names in a context that makes them names."""
        for pattern, score, reason in _RULES:
            for match in matches(pattern, text, self.name):
                start, end = match.span("v")
                comma = text.find(",", start, end)
                if comma > 0 and clean_name(text, start, end)[1] < end:
                    end = comma
                first = start
                start, end = clean_name(text, start, end)
                if reason == "after a title" and _TIME_WORD.match(text, first, end):
                    start = first
                if end - start > 1 and not _no_name(text, match.start(), start, end, reason):
                    yield result("PERSON", start, end, score, self, reason)


_NAME_HEADER = regex.compile(
    rf"(?i)(?:{_FORM_LABEL})(?: ?\([\w ,]+\))?|(?:staff|crew|team) member|who|people|persons?|signatory|applicants?"
)


def is_name_header(header: str) -> bool:
    """Whether a table column under `header` holds names of people."""
    return bool(_NAME_HEADER.fullmatch(header.strip().rstrip(":").strip()))
