"""Addresses outside the American form: blocks of lines, units, streets of forty languages, Spanish addresses, corners.

The number may stand before the street or behind it, the street's kind before its name, behind it or in it (UPU S42:
addresses are built of the same elements in an order of each country's own).
"""

import regex

from appliance.redaction.recognizers.base import Rule, RuleRecognizer, rule
from appliance.redaction.recognizers.dates import MONTHS
from appliance.redaction.recognizers.lexicon import alternation

_CAP = r"[\p{Lu}][\p{L}\p{M}'´`-]{0,30}+"
_SMALL = r"(?:de|del|de la|de los|de las|la|le|les|du|des|d'|da|do|dos|das|di|della|degli|dei|van|der|den|von|zu|am|an|im|in|op|het|ter|z|ze|nad|pod|na|u|i|y|e|el|al|of|the)(?![\p{L}\p{M}])"
_NUMBER = r"\d{1,6}[A-Za-z]?(?:[/-]\d{1,5}[A-Za-z]?)?"
_UNIT = r"(?:apt|apartment|suite|ste|unit|flat|piso|wohnung|appartement|appt|daire)(?:\.[ ]?|[ ]#?|[ ]?#)(?=[\p{L}-]{0,3}\d|\p{L}(?!\p{L}))[\p{L}\d-]{1,6}"
_ENDS = r"(?=[ ]*(?:$|\n|[.?!](?:\s|$)|[,;](?:\s|$)|\b(?:and|but|before|after|until|since|for|instead|please|thanks|with|which|where|on|by|or|when|if|last|next|this|today)\b))"
_IN_NAME = (
    r"(?:stra(?:ss|ß)e|str\.|weg|gasse|platz|allee|damm|ufer|graben|chaussee|steig|laan|straat|plein|gracht|kade|dijk|singel|steeg|gatan|v[aä]gen|gr[aä]nd|torget|stigen|backen|gata|gaten|veien|vegen|vegur|braut|"
    r"st[ií]gur|vej|gade|stræde|all[eé]|katu|kuja|polku|tie|vei|tänav|puiestee|utca|iela|gatvė)"
)
_BEHIND = (
    r"(?:[Ss]tra(?:ss|ß)e|[Ss]tr\.|[Uu]tca|[Uu]\.|[úÚ]t(?:ja)?|[Tt]ér|[Kk]apu|[Kk]ör[uú]t|[Ss]or|[Uu]lica|[Uu]lice|[Tt]řída|[Nn]áměstí|[Tt]rg|[Cc]esta|[Pp]ut|[Tt]ee|[Tt]änav|[Ss]okak|[Ss]ok\.|[Cc]addesi|[Cc]ad\.|[Bb]ulvarı|"
    r"[Mm]ahallesi|[Mm]ah\.|Nagar|Marg|Colony|Chowk|Bagh|Vihar|gatve|iela|katu|vägen|allé|[Pp]rospekt|Lu|Jie|Dori|Weg|Platz|Allee|Ring|Laan|Straat)"
)
_BEFORE = (
    r"(?:\b(?:[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d\.?|[Qq]uai|[Ii]mpasse|[Aa]ll[eé]e|[Cc]hemin|[Rr]oute|[Cc]ours|[Pp]lace|[Ss]quare|[Vv]ia|[Vv]iale|[Pp]iazza|[Pp]iazzale|[Cc]orso|[Vv]icolo|[Ll]argo|[Rr]ua|[Tt]ravessa|[Aa]lameda|"
    r"[Ee]strada|[Pp]ra[cç]a|[Uu]l\.|[Uu]lica|[Aa]l\.|[Aa]leja|[Pp]l\.|[Pp]lac|[Oo]s\.|[Ss]trada|[Bb]ulevardul|[Cc]alea|[Aa]leea|[Șș]oseaua|[Cc]arrer|[Jj]alan|[Jj]l\.|[Ll]orong|[Đđ]ường|[Oo]dos|[Οο]δός|[Cc]alle|[Aa]venida|[Aa]vda?\.?|"
    r"[Cc]arrera|[Cc]ra\.?|[Kk]ale[aá]|[Pp]laza|[Pp]aseo)(?![\w]))"
)
_SPANISH_KIND = (
    r"(?:\b[Cc]/\.?|\bC\.[ ]?/|\b(?:[Cc]alle|[Cc]l\.|[Aa]vd?a?\.|[Aa]vda|[Aa]v|[Aa]venid[ao]|[Pp]l?za?\.?|[Pp]laza|[Pp]laceta|[Pp]l\.|[Pp][ºo]\.?|[Pp]aseo\.?|[Cc]t?ra\.?|[Cc]tra|[Cc]arretera|[Cc]amino|[Cc]no\.?|[Tt]rav(?:es[ií]a|\.)|[Rr]onda|[Gg]ran [Vv][ií]a|"
    r"[Uu]rb(?:anizaci[oó]n|\.)|[Pp]asaje|[Rr]ambla|[Gg]lorieta|[Bb]arrio|[Pp]ol[ií]gono|[Cc]arrer|[Aa]lameda)(?![\w]))"
)
_SPANISH_NUMBER = r"(?:[ ,.]{0,3}(?:n[º°o.]{0,2}|n[uú]m\.?|#|km\.?)?[ ]?(?:\d{1,5}(?:[-/,.]\d{1,5})*[A-Za-z]?(?![\dºª°])|s/n))"
_SPANISH_FLOOR = r"(?:[ ,.-]{1,3}(?:\d{1,2}[ ]?\.?[ºª°oa]{1,2}\.?(?!\p{Ll}{2})[A-Z]?(?:[ ]?(?:planta|piso))?|[A-Z]{1,2}(?![\p{L}.])|[Ii]zq?(?:uierda|da|\.)?(?!\p{L})|[Dd](?:cha|er|erecha|r)?\.?(?!\p{L})|(?:[Ee]sc|[Pp]ta|[Pp]tal|[Ee]df?|[Bb]lq?|[Pp]iso|[Bb]ajo|[Ee]ntlo)[. ]{0,2}[\p{L}\d]{0,10}|\d{1,2}[ ]?[A-Z]?(?!\d)))"
_TOWN = rf"{_CAP}(?:[ -](?:{_SMALL}[ ])?{_CAP}){{0,3}}"


class WorldAddressRecognizer(RuleRecognizer):
    """See the module. Its patterns are built on first use, from the list of countries too."""

    NAME = "world_address"
    TYPES = ("LOCATION",)

    def load(self) -> None:
        """Compile the patterns."""
        country = alternation("countries")
        tail = rf"(?:[ ,>\n]{{1,6}}(?:[\p{{Lu}}(][\p{{L}}\p{{M}}'().-]*+|{_SMALL}|\d{{3,6}}(?:-\d{{3,4}})?(?!\d))){{0,9}}"
        lower_tail = rf"(?:[ ,>]{{0,3}}\n[ >]{{0,3}}\p{{Ll}}[\p{{L}} .'-]{{1,30}}+(?:,[ ]{{0,2}}\p{{L}}{{2,20}})?(?:[ ,]{{1,2}}\d{{3,6}})?|,[ ](?:{country})(?:[ ]\d{{3,6}})?){{0,4}}"
        words = r"(?:[ ][\p{L}\d][\p{L}\p{M}\d.'-]*+){1,7}"
        street = rf"{_NUMBER}(?:[ ]{_NUMBER})?(?:[ ](?:{_SMALL}|rue|calle|via|rua|av\.?)){{0,3}}(?:[ ](?:{_CAP}|{_SMALL})){{1,5}}(?:[ ]{_NUMBER}\.?)?"
        cue = (
            r"(?:\b(?:address(?:es)?|live[sd]?|living|reside[sd]?|residing|move[ds]?|moving|relocated|meet(?:ing)?|stay(?:s|ed|ing)?|ship(?:ped)?|deliver(?:ed|y|ies)?|send|sent|mail(?:ed)?|post(?:ed)?|drops?|dropped|pick|located|"
            r"office|headquarter(?:s|ed)?|branch|based|situated|house|home|apartment|property|premises|street|invite[ds]?|come|visit(?:ed)?|drive|directions|taxi|courier|parcel|collect)\b[^.\n\d]{0,40}(?:\b(?:at|in|to|is|on|from|near|as)|:)[ \n]{1,3})$"
        )
        self.RULES = (
            rule(
                "LOCATION",
                rf"(?i)(?<![\w.,$/-])\d{{1,6}}{words}[ ,>\n]{{0,6}}[ ,\n]{_UNIT}(?:(?-i:{tail}))",
                0.85,
                "number, street, unit",
                check=_has_word,
            ),
            rule(
                "LOCATION",
                rf"(?<![\w.,$/-])\d{{1,6}}{words}[ ,>\n]{{0,6}}[ ,\n]{_UNIT}{lower_tail}",
                0.8,
                "number, street, unit, in lower case",
                check=lambda v: v.islower() and _has_word(v),
            ),
            rule(
                "LOCATION",
                rf"(?im:^)[ >]*(?P<v>(?=[^\n]*\d)(?=[^\n]*\p{{L}}{{3}})[^\n.?!:;]{{4,60}}\.?[ ]*\n(?:[ >]*[^\n?!:;]{{2,40}}\n){{0,3}}[ >]*(?:(?i:{country})|Cyprus \(Greek\))(?:[ ,]{{1,2}}\d{{3,7}})?)(?=[ .,]*(?:$|\n|\. ))",
                0.7,
                "lines that end in a country",
                flags=regex.MULTILINE,
            ),
            rule(
                "LOCATION",
                rf"(?<![\w.,$/-]){street}(?:,[ ]{_TOWN}){{0,2}}",
                0.55,
                "number and street after a word of place",
                context=cue,
                check=_has_word,
            ),
            rule(
                "LOCATION",
                r"(?i)(?<![\w.,$/-])\d{1,6}(?:[ ]\d{1,4})?(?:[ ]\p{L}[\p{L}'-]++){1,4}?[ ](?:\d{1,4}[ ])?(?:st|street|ave|avenue|rd|road|blvd|lane)\b\.?",
                0.6,
                "number, name, kind of street after a word of place",
                context=cue,
                check=_has_word,
            ),
            rule(
                "LOCATION",
                rf"(?i)(?<![\w.,$/-])\d{{1,6}}(?:[ ][\p{{L}}\d][\p{{L}}\p{{M}}\d.'-]*+){{1,4}}(?:,[ ][\p{{L}} ]{{2,20}}){{1,2}}{_ENDS}",
                0.5,
                "number and street in lower case after a word of place",
                context=cue,
                check=lambda v: v.islower() and _has_word(v),
            ),
            rule(
                "LOCATION",
                rf"(?i:\b(?:the[ ])?(?:corner|intersection|junction|crossing)[ ]of)[ ](?=[^,;\n?!]{{0,60}}[\p{{Lu}}\d])[^,;\n?!]{{3,45}}?[ ](?:and|&)[ ]{_CAP}(?:[ ](?:{_CAP}|\d{{1,5}}))*",
                0.85,
                "corner of two streets",
            ),
            rule(
                "LOCATION",
                rf"(?i)\baddress(?:es)?\b(?:[ ](?:of|for)[ ][^\n]{{1,60}}?)?[ ](?:is|was|are|changed to|to)(?:[ ](?:the same|now))?[: ]{{1,3}}(?P<v>(?=[^\n]{{0,50}}\d)[\p{{L}}\d][^\n?!;]{{4,80}}?){_ENDS}",
                0.6,
                "after the word address",
                check=_reads_as_address,
            ),
            rule(
                "LOCATION",
                rf"(?<![\w.,])(?:\d{{1,6}}[ ])?\p{{Lu}}[\p{{L}}\p{{M}}'-]{{1,30}}?{_IN_NAME}[ ]\d{{1,4}}[A-Za-z]?(?![\w%]|[.,]\d)(?:,?[ ]\d{{4,5}}[ ]{_TOWN})?",
                0.85,
                "kind of street in its name",
            ),
            rule(
                "LOCATION",
                rf"(?i)(?<![\w.,])\d{{1,6}}[ ]\p{{L}}{{2,30}}?{_IN_NAME}[ ]\d{{1,4}}[a-z]?(?!\w)(?:,[ ][\p{{L}} ]{{2,20}}){{0,2}}{_ENDS}",
                0.8,
                "number, kind of street in its name, number",
            ),
            rule(
                "LOCATION",
                rf"(?<![\w.,])(?:\d{{1,6}}[ ])?{_CAP}(?:[ ](?:{_SMALL}[ ])?[\p{{L}}][\p{{L}}.-]*){{0,3}}?[ ]{_BEHIND}[ ]\d{{1,4}}(?:[/-]\d{{1,4}})?[A-Za-z]?(?![\w%]|[.,]\d)\.?",
                0.7,
                "kind of street behind its name, number",
            ),
            rule(
                "LOCATION",
                rf"(?<![\w.,])(?:{_NUMBER},?[ ](?:bis[ ]|ter[ ])?){{1,2}}{_BEFORE}(?:[ ]{_SMALL}){{0,3}}[ ](?:d'|l'|de l')?{_CAP}(?:[ -](?:{_SMALL}[ ])?{_CAP}){{0,4}}",
                0.85,
                "number, kind of street, name",
            ),
            rule(
                "LOCATION",
                rf"{_BEFORE}(?:[ ]{_SMALL}){{0,3}}[ ](?:{_CAP})(?:[ -](?:{_SMALL}[ ])?{_CAP}){{0,4}},?[ ](?:n[º°.]?[ ]?)?\d{{1,4}}(?:[/-]\d{{1,4}})?[A-Za-z]?(?![\w%]|[.,]\d)(?:[ ]?m[ .]?\d{{1,3}})?",
                0.85,
                "kind of street, name, number",
            ),
            rule(
                "LOCATION",
                r"(?<![\w-])\d{1,2}-\d{1,3}-\d{1,3}[ ]\p{Lu}\p{L}+(?:-\p{L}+)?(?:,[ ]\p{Lu}[\p{L}-]+){0,3}|(?<![\w-])\d{1,2}-?ch[oō]me[ ][\d-]{1,9}(?:,[ ]\p{Lu}[\p{L}-]+){0,4}",
                0.6,
                "block and building, Japanese",
            ),
            *self._spanish(),
        )

    @staticmethod
    def _spanish() -> tuple[Rule, ...]:
        name = rf"(?:[ ]?{_SMALL})*[ ]?(?:{_CAP}|\d{{1,2}})(?:[ -](?:{_SMALL}[ ]){{0,2}}(?:{_CAP})){{0,5}}"
        return (
            rule(
                "LOCATION",
                rf"{_SPANISH_KIND}[ .]{{0,2}}(?:(?:[Aa]v|[Dd]r)\.[ ])?{name}{_SPANISH_NUMBER}?{_SPANISH_FLOOR}{{0,4}}",
                0.8,
                "Spanish kind of street first",
            ),
            rule("LOCATION", rf"\b[Gg]ran [Vv][ií]a{_SPANISH_NUMBER}{_SPANISH_FLOOR}{{0,4}}", 0.8, "Spanish kind of street alone"),
            rule(
                "LOCATION",
                rf"(?<![\p{{L}}]){_CAP}(?:[ ](?:{_SMALL}[ ]){{0,2}}{_CAP}){{0,5}}(?:,?[ ](?:n[º°o.]{{0,2}}[ ]?)?(?:\d{{1,4}}(?:-\d{{1,4}})?|s/n))(?=[.,]?[ ]{{1,2}}(?:-[ ])?\d{{5}}[ .,-]{{1,3}}\p{{Lu}})",
                0.75,
                "street and number before a postcode",
            ),
            rule(
                "LOCATION",
                rf"(?<![\d.,:])(?:0[1-9]|[1-4]\d|5[0-2])\d{{3}}[ .,-]{{1,3}}{_TOWN}(?=[ ]*[(,.]|[ ](?:España|Spain|E-?mail|e-?mail|Tel|Correo|Fax|Email)|[ ]*\n|[ ]*$)",
                0.5,
                "postcode and Spanish town",
                context=r"(?:[,.)\dºª°A-Za-z]|s/n)[ -]{1,3}$",
            ),
            rule(
                "LOCATION",
                r"\b(?:CP|C\.P\.|Localidad(?:/ ?Provincia)?|Provincia)[ ]?:[ ]{0,3}(?P<v>\d{4,5}(?!\d)|\p{Lu}[\p{L} ]{2,30})(?=[ ]*[.,\d\n]|$)",
                0.75,
                "after a Spanish place label",
            ),
        )


def _has_word(value: str) -> bool:
    """Whether an address has a word of its own, so that "3 mg unit 2", "5 East" and a date are none."""
    named = regex.search(r"\d[ ]+.*?[\p{L}]{3}", value, regex.DOTALL) is not None
    return named and not _MEASURE.search(value) and not _DATE_OR_WARD.search(value)


def _reads_as_address(value: str) -> bool:
    """Whether what follows the word address has letters, a digit, and a capital or a comma: no "16 bits wide"."""
    letters = sum(character.isalpha() for character in value) > 3
    return letters and any(c.isdigit() for c in value) and ("," in value or any(c.isupper() for c in value))


_DATE_OR_WARD = regex.compile(rf"(?i)^\d+[ ](?:(?:{MONTHS})\b|(?:north|south|east|west|ward|wing|bed|floor|room)$)")
_MEASURE = regex.compile(r"(?i)^\d+[ ](?:mg|mcg|ml|kg|cm|mm|hours?|days?|weeks?|months?|years?|patients|people|units?|percent|times|of|per|to|and|or|tablets?|points?|the|a|an|in|on|at|his|her|she|he|was|is|were|had|has|have|with|from|by|as|for|who|i|we|it|they|this|that)\b")
