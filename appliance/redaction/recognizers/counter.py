
"""Counter-evidence: capitalised words that look like a name and are none.

Eponyms before a technical noun (Parkinson's disease, Foley catheter, Cox regression), drug names and their
stems (WHO "Use of stems in the selection of INNs"), laboratory and unit abbreviations, standards and laws,
headings, contract roles.
"""

from collections.abc import Iterable, Iterator

import regex

from appliance.redaction.recognizers.base import matches
from appliance.redaction.recognizers.lexicon import alternation, words

_NOUN = (
    r"(?:disease|syndrome|palsy|sign|sign's|test|phenomenon|scale|score|scoring|criteria|criterion|index|classification|staging|stage|grade|catheter|line|tube|drain|lymphoma|sarcoma|tumou?r|carcinoma|cancer|chorea|"
    r"dementia|disorder|esophagus|oesophagus|contracture|fracture|deformity|ulcer|ulcers|node|nodes|nodule|nodules|body|bodies|cell|cells|anemia|anaemia|thyroiditis|arteritis|vasculitis|granulomatosis|purpura|hernia|"
    r"incision|procedure|operation|maneu?ver|position|reflex|reaction|stain|smear|method|technique|approach|regression|model|exact|distribution|theorem|law|rule|equation|formula|constant|coefficient|estimator|curve|"
    r"plot|chart|diagram|algorithm|process|chain|simulation|price|option|ratio|number|respiration|breathing|breaths|murmur|pulse|triad|tetrad|fistula|gland|duct|canal|pouch|loop|capsule|space|ring|ligament|tendon|muscle|"
    r"encephalopathy|encephalitis|neuropathy|ataxia|dystrophy|atrophy|paralysis|epilepsy|aphasia|area|psychosis|virus|fever|measles|bacillus|parasite|spots|lines|nodes|lesions?|forceps|clamp|retractor|scissors|needle|"
    r"wire|pin|nail|plate|screw|prosthesis|valve|stent|graft|filter|bag|mask|collar|splint|cast|bandage|dressing|monitor|holter|lamp|lens|solution|lactate|coma|agitation|sedation|hallux|block|arthritis|gangrene|ratings?|"
    r"scale|unit|units|effect|principle|knife|knives|spanner|cage|hammer|saw|cooker|jar|agar|broth|dosimeter|knot|paradox|fallacy|equilibrium|bias|clip|hold|hypothesis|transform|transformation|series|polynomial|matrix|filter|engine|cycle|wrench|key|screwdriver|valve|hardness|tester|flask|dish|burner|counter|meter|gauge|tubes?|act|"
    r"reform|agreement|accords?|framework|committee|convention|protocol|declaration|investors?|rated|score|questionnaire|inventory|assessment|interview|examination|point|points|tenderness|hook|fold|folds|plexus|benefit|allowance)"
)
_STEMS = r"(?:\p{L}{3,}(?:pril|sartan|olol|statin|mab|nib|azole|azepam|azolam|cillin|mycin|micin|floxacin|cycline|prazole|tidine|setron|triptan|gliptin|gliflozin|glutide|glitazone|dipine|parin|xaban|gatran|caine|vir|mide|semide|thiazide|zosin|pramine|triptyline|oxetine|sone|solone|nide|terol|tropium|lukast|dronate|profen|fenac|coxib|barbital|phylline|formin|mustine|platin|rubicin|taxel|trexate))"
_ABBREVIATIONS = frozenset(
    """
wbc rbc hgb hct plt inr ptt pt bun cr na cl co2 k ca mg phos alt ast ldh ck ckmb bnp tsh t3 t4 psa cea hba1c a1c esr crp abg cbc bmp cmp ua ekg ecg eeg emg mri ct cta mra pet cxr kub us usg ivc svc iv im sc po pr pmn pmns
prn bid tid qid qd qhs q4h q6h heent perrla eomi jvd rrr ctab nad ros hpi pmh psh fh sh a&o dvt pe mi chf cad copd gerd htn dm afib cva tia uti uri bph esrd ckd hiv hbv hcv ii iii iv vi vii viii ix xi xii lad lcx rca lv rv la ra
cfr usc nyha icu ccu ed er or pacu nicu picu micu sicu gi gu ent ob gyn ortho neuro cardio psych aml kyc cdd edd pep sar ctr ofac fatf swift bic iban aed cpr dnr dnar hipaa gdpr pci dss iso iec nato stanag sop ppe apu gpu ecu vhf uhf gps fm am
""".split()
)
_HEADING = regex.compile(r"(?m)^[ ]*(?P<v>[\p{Lu}][\p{Lu}\d /&()'-]{3,60})(?=:|[ ]*$)")
HEADING_WORDS = frozenset(
    """
history physical examination assessment plan chief complaint present illness past medical surgical family social review of systems medications allergies vital signs laboratory data diagnosis diagnoses impression procedure operation
findings discharge summary admission date hospital course disposition condition instructions follow up name patient attending physician allergy ros general heart lungs abdomen extremities neurologic skin psychiatric cardiac pulmonary genitourinary endocrine
reason for visit facts circumstances case law relief claimed the proceedings complaints merits admissibility court unanimously introduction background scope purpose procedure annex appendix section schedule article table of contents
consult consultation technique indications anesthesia complications specimens estimated blood loss preoperative postoperative exam exams imaging labs immunizations gynecologic obstetric diet activity prognosis home ed emergency department
""".split()
)
_ROLE_WORDS = (
    r"(?:Borrowers?|Lenders?|Banks?|Agents?|Holdings?|Company|Parent|Guarantors?|Grantors?|Purchasers?|Sellers?|Buyers?|Licensors?|Licensees?|Landlord|Tenant|Lessors?|Lessees?|Executive|Employer|Obligors?|Creditors?|Debtors?|"
    r"Trustee|Administrative Agent|Issuing Bank|Person|Affiliate|Subsidiar(?:y|ies)|Collateral|Loan|Loans|Advance|Commitment|Agreement|Schedule|Exhibit|Section|Article|Clause|Annex|Form|Rule|Regulation|Code|Government|Convention|Court|Chamber|Registrar|"
    r"President|Applicant|Section|Agent|Patient|Doctor|Nurse|Physician|Mom|Mum|Dad|Mother|Father|God|Lord|Christmas|Easter|Internet|English|French|German|Spanish|Latin)"
)


_POSSESSIVE = "possessive eponym before a technical noun"
_PEOPLE_HAVE = frozenset("chart plot diagram process price option number respiration breathing breaths murmur pulse".split())
"""Technical nouns that are somebody's own as often: "Okonkwo's pulse" names a patient."""
_NAMED_FOR = frozenset(
    """
gantt kussmaul cheyne stokes korotkoff avogadro biot venn ishikawa pareto markov poisson corrigan reynolds euler sharpe
graham steell still flint austin kaplan meier bland altman box smith nyquist bode
""".split()
)
"""Those after whom such a thing is called, beside the listed eponyms."""


def _is_somebodys(value: str) -> bool:
    """Whether "X's noun" may be a person's own thing: a noun that people have, and an X that no thing is called after."""
    *owner, noun = value.casefold().split()
    names = {part.removesuffix("s") for word in owner for part in regex.findall(r"\p{L}{2,}", word)}
    names |= {part for word in owner for part in regex.findall(r"\p{L}{2,}", word)}
    return noun in _PEOPLE_HAVE and names.isdisjoint(_NAMED_FOR | words("eponyms"))


class CounterEvidence:
    """Finds spans that speak against a name. Not a Presidio recognizer: it reports what is *not* personal."""

    NAME = "counter_evidence"

    def __init__(self) -> None:
        eponym = alternation("eponyms")
        self._patterns = tuple(
            (regex.compile(pattern, regex.V1), reason)
            for pattern, reason in (
                (
                    rf"(?<![\w-])(?:[\p{{Lu}}][\p{{L}}-]+(?:[- ][\p{{Lu}}][\p{{L}}-]+){{0,2}})(?:'s|s')[ ](?:{_NOUN})(?!\w)",
                    _POSSESSIVE,
                ),
                (
                    rf"(?i)(?<![\w-])(?:{eponym})(?:[- ](?:{eponym}))?(?:[- ]\p{{Ll}}+)?[ ](?:{_NOUN})(?!\w)",
                    "known eponym before a technical noun",
                ),
                (
                    rf"(?<![\w-])(?:[\p{{Lu}}][\p{{L}}-]+)[ ](?:{_NOUN})(?!\w)",
                    "capitalised word before a technical noun",
                ),
                (
                    r"(?:New York Heart Association|(?:American|British|European|World|International|National) (?:\p{Lu}\p{L}+ |of |for |and |on ){1,4}(?:Association|Society|College|Organi[sz]ation|Institutes?|Committee|Academy|Board))(?!\w)",
                    "standard-setting body",
                ),
                (rf"(?i)(?<![\w-])(?:{alternation('drugs')})(?!\w)", "drug name"),
                (rf"(?i)(?<![\w-]){_STEMS}(?!\w)", "stem of a drug name"),
                (r"(?<![\w-])St\.? John'?s?'s[- ][Ww]ort(?!\w)", "plant"),
                (
                    r"(?<![\w-])\p{Lu}\p{Ll}{2,}(?:coccus|bacter|bacterium|bacillus|ioides|myces|monas|virus|plasma)(?!\w)",
                    "genus of a microbe",
                ),
                (rf"(?<![\w-]){_ROLE_WORDS}(?:'s)?(?!\w)", "role or heading word"),
            )
        )
        self._alone = regex.compile(rf"(?i)(?<![\w-])(?:{eponym})(?:'s|')?(?:[- ](?:{eponym}))?(?![\w-])", regex.V1)

    def alone(self, text: str) -> Iterator[tuple[int, int]]:
        """Words that are eponyms often and surnames too: they speak against a name only when nothing else is in it."""
        for match in matches(self._alone, text, self.NAME):
            yield match.span()

    def spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """(start, end, reason) of every such span."""
        for pattern, reason in self._patterns:
            for match in matches(pattern, text, self.NAME):
                if reason == _POSSESSIVE and _is_somebodys(match[0]):
                    continue
                # Why: Tanvir and Samir end as drugs do.
                if reason != "stem of a drug name" or match[0].casefold() not in words("given_names"):
                    yield match.start(), match.end(), reason
        for match in matches(_HEADING, text, self.NAME):
            parts = regex.findall(r"[\p{L}&]+", match["v"].casefold())
            if parts and sum(part in HEADING_WORDS for part in parts) * 2 >= len(parts):
                yield match.start("v"), match.end("v"), "heading"


def is_abbreviation(value: str) -> bool:
    """Whether `value` is a laboratory, unit or trade abbreviation."""
    return value.casefold().replace(".", "") in _ABBREVIATIONS


def not_names(values: Iterable[str]) -> frozenset[str]:
    """Those of `values` that word lists know as drugs or eponyms."""
    return frozenset(v for v in values if v.casefold() in words("drugs") or v.casefold() in words("eponyms"))
