
"""Traits that help to single out a person: nationality, ethnicity, occupation. Only where they describe someone.

"A Turkish national" is one, "English, French or German as electives" is not.
"""

from collections.abc import Iterable
from typing import Any

import regex
from presidio_analyzer import RecognizerResult

from appliance.redaction.recognizers.base import RuleRecognizer, result, rule
from appliance.redaction.recognizers.lexicon import alternation


class DemographicRecognizer(RuleRecognizer):
    """See the module. Built on first use: its patterns come from word lists."""

    NAME = "demographic"
    TYPES = ("DEMOGRAPHIC",)

    def load(self) -> None:
        """Compile the patterns."""
        nation, job = alternation("demonyms"), alternation("professions")
        people = r"(?:national(?:ity|s)?|citizens?|origin|descent|ancestry|man|woman|male|female|gentleman|lady|boy|girl|patient|person|family|father|mother|immigrant|refugee|couple|businessman|lawyer|subject)"
        race = r"(?:african[- ]american|afro[- ]caribbean|caucasian|hispanic|latin[oa]|asian|white|black|native american|pacific islander|jewish|muslim|christian|catholic|hindu|buddhist|sikh|roma)"
        who = r"(?:he|she|they|i|who|applicant|patient|victim|wife|husband|father|mother|son|daughter|brother|sister)"
        trade = (
            rf"(?:[a-z]+(?:-[a-z]+)?[ ]){{0,2}}?(?:{job}|(?!(?:member|number|minor|other|father|mother|brother|sister|daughter|prisoner|matter|order|letter|former|later|smoker|drinker|historian|user|holder|victim|leader|offender|"
            r"supporter|bearer|perpetrator|author|creditor|debtor|player|minister|taxpayer|consumer|stranger|foreigner|widower|infant|participant|defendant|claimant|applicant|tenant|descendant|man|woman|human)\b)[a-z]{4,}(?:er|or|ist|ian|eer|man|woman|ant))s?"
        )
        self.RULES = (
            rule(
                "DEMOGRAPHIC",
                rf"(?i)(?<![\w-])(?P<v>(?:(?:{nation})[ -]){{0,1}}(?:{nation}))(?= {people}\b)",
                0.7,
                "nationality of a person",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:nationality|citizenship|ethnicity|race|religion|country of birth|nacionalidad)[ ]?[:=][ ]{0,3}(?P<v>[\p{L} -]{3,30}?)(?=[ ]*(?:$|\n|[|;,.]))",
                0.75,
                "after a label",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"(?i)(?<![\w-])(?P<v>{race})(?=[ -](?:{people}|(?:fe)?male|race|ethnicity|\d+)\b)",
                0.7,
                "ethnicity of a person",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"(?i)\byears?[- ]?old,?[ ](?:\w+[ -]){{0,2}}?(?P<v>{race}|{nation})(?!\w)",
                0.7,
                "after an age",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"(?i)(?:\byears?[- ]?old[ ,]+(?:\w+[ ]){{0,2}}?|\bretired[ ]|\b(?:works?|worked|working|employed|practis(?:es|ed|ing)|practic(?:es|ed|ing))[ ](?:full[- ]time[ ]|part[- ]time[ ])?as[ ](?:an?[ ])?|\b{who}[ ](?:is|was|had been)[ ](?:an?|the)[ ](?:former[ ]|retired[ ]|self-employed[ ])?)(?P<v>{job})(?!\w)",
                0.7,
                "occupation of a person",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"\byears?[- ]old[ ,]+(?P<v>(?!(?:{people}|infant|baby|adult|teenager|individual|child|with|who)\b)(?:retired |former |self-employed )?[a-z][a-z-]+(?: (?!from|who|with)[a-z-]+){{0,2}})(?= (?:from|living in|who lives|residing)\b)",
                0.65,
                "between an age and a home",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:works?|worked|working|employed)[ ](?:full[- ]time[ ]|part[- ]time[ ])?as[ ](?:an?[ ])?(?P<v>[a-z][a-z-]+(?: [a-z-]+)?(?:er|or|ist|ian|man|woman|ant|cook|clerk|nurse|aide|guard))\b",
                0.65,
                "works as",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:occupation|profession|job(?: title)?|employment|profesi[oó]n)[ ]?[:=][ ]{0,3}(?P<v>[\p{L}/ -]{3,40}?)(?=[ ]*(?:$|\n|[|;,.]))",
                0.75,
                "after an occupation label",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"(?i)\b(?:applicants?|plaintiffs?|defendants?|claimants?|appellants?|petitioners?|accused|victims?|deceased)(?:,| (?:is|was|had been|has been|became|works? as|worked as|practi[sc]ed as|served as))[ ](?:(?:currently|then|also|formerly|still)[ ])?(?:an?|the)[ ](?:former[ ]|retired[ ]|qualified[ ]|self-employed[ ])?(?P<v>{trade}(?:[ ]and[ ](?:the[ ])?{trade})?)(?=[ ]*(?:[,.;(]|(?:of|at|in|for|by|with|who|from|and|working|employed)\b))",
                0.65,
                "occupation of a party",
            ),
            rule(
                "DEMOGRAPHIC",
                rf"(?i)\b(?:(?:post|position|profession|career|occupation)[ ](?:of|as)|practi[sc](?:e|ed|es|ing)[ ]as|(?:employed|appointed|hired|engaged)[ ]as)[ ](?:an?[ ]|the[ ])?(?P<v>{trade})(?!\w)",
                0.65,
                "occupation after a word of work",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?<!\w)(?:Kurdish|Kurds?|Basques?|Catalans?|Chechens?|Roma|Romani|Gyps(?:y|ies)|Jewish|Jews?|Tatars?|Tamils?|Uyghurs?|Sami|Bosniaks?|Yazidis?|Alevis?|Druze|Copts?|Coptic|Hutus?|Tutsis?|Pashtuns?|Hazaras?|Rohingyas?|Sikhs?|Jehovah's Witness(?:es)?|Muslims?|Sunnis?|Shi'?as?|Shiites?|Marxist(?:-Leninist)?s?)(?!\w)",
                0.55,
                "ethnic or religious community",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?<!\w)(?P<v>Sir|Dame|Lord Justice|Lady Justice|Lord|Lady|Judge|Justice|Baroness|Viscount|Princess|Sheikh)(?= (?!Advocate|Chancellor|Chief|Mayor|Department|Ministry|System|Health|Office|Court)\p{Lu}\p{L}+)",
                0.55,
                "rank of a person",
            ),
            rule("DEMOGRAPHIC", r"\bSexo[ ]?[:=][ ]{0,3}(?P<v>[\p{L}]{1,10})(?!\w)", 0.6, "after a sex label"),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:paciente|informe[^\n.]{0,40}:)[ ](?:paciente )?(?:de |un |una )?(?P<v>var[oó]n|mujer|hombre|niñ[oa])\b",
                0.55,
                "sex of the patient",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?P<v>var[oó]n|mujer|niñ[oa]|hombre)(?= de \d{1,3} (?:años|meses|días))",
                0.6,
                "sex beside an age",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:paciente|mujer|var[oó]n|hombre|niñ[oa]|lactante|sexo)[ ,]{1,2}(?:de sexo )?(?P<v>femenin[oa]|masculin[oa])(?!\w)",
                0.6,
                "sex of the patient",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)(?:\bpaciente:[ ](?:un[ao]?[ ])?|\b(?:un|una)[ ])(?P<v>lactante|adolescente|neonato|reci[eé]n nacid[oa]|escolar|preescolar|ancian[oa]|estudiante)(?=[ ,])",
                0.6,
                "stage of life of the patient",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\b(?:mujer|var[oó]n|hombre|niñ[oa]|paciente)[ ,]{1,2}(?P<v>(?!femenin|masculin|ingresad|derivad|remitid|intervenid|diagnosticad)(?:joven|blanc[oa]|negr[oa]|moren[oa]|cauc[aá]sic[oa]|\p{L}{3,15}(?:an[oa]|es[a]?|eñ[oa]|ol[a]?)))(?=[ ]de[ ]\d{1,3}[ ](?:años|meses))",
                0.6,
                "origin of the patient beside an age",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)\bde[ ](?:nacionalidad|procedencia|ascendencia|origen|etnia)[ ](?P<v>\p{L}{4,20})|\b(?P<v>raza[ ]\p{L}{4,15})",
                0.6,
                "after a Spanish word of origin",
            ),
            rule(
                "DEMOGRAPHIC",
                r"(?i)(?:\bprofesi[oó]n|ocupaci[oó]n|trabaja(?:ba)?[ ]como|emplead[oa][ ]como|jubilad[oa][ ]de|de[ ]profesi[oó]n)[ ]?:?[ ](?P<v>\p{L}{4,20}(?:[ ]de[ ]\p{L}{3,15})?)(?=[ ]*[.,;(]|[ ]jubilad)",
                0.6,
                "Spanish occupation",
            ),
        )


    def spans(self, text: str, nlp_artifacts: Any = None) -> Iterable[RecognizerResult]:
        """Apply the rules; an occupation of a party to a case is then found wherever the text names it again."""
        trades: set[str] = set()
        for found in super().spans(text, nlp_artifacts):
            reason = found.analysis_explanation.textual_explanation
            if reason in ("occupation of a party", "occupation after a word of work"):
                trades.add(text[found.start : found.end].casefold())
            yield found
        if trades:
            listed = "|".join(map(regex.escape, sorted(trades, key=len, reverse=True)))
            for match in regex.finditer(rf"(?i)(?<![\w-])(?:{listed})s?(?![\w-])", text):
                yield result("DEMOGRAPHIC", match.start(), match.end(), 0.55, self, "occupation named before")


def occupation_header(header: str) -> bool:
    """Whether a table column under `header` holds occupations or nationalities."""
    return header.strip().rstrip(":").casefold() in {
        "occupation",
        "profession",
        "job",
        "nationality",
        "citizenship",
        "ethnicity",
        "race",
        "religion",
    }
