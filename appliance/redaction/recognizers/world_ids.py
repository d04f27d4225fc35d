"""Identity numbers of further countries with their check digits, devices, images, handles and secrets after a label."""

import regex

from appliance.redaction.recognizers import world_checks as checks
from appliance.redaction.recognizers.base import RuleRecognizer, rule
from appliance.redaction.recognizers.national import labelled_id as _id

_SECRET = r"\b(?:pass ?word|passwd|pwd|passphrase|passcode|api[ _-]?key|secret(?: key)?|access token|auth token|bearer|security code|door code|PIN(?: code| number)?|TAN|OTP|CVV2?|CVC|recovery code)[ ]?(?:is|was|:|=|for [a-z ]{1,20}:)?[ ]{1,2}"


_IMAGE_OF_SOMEBODY = regex.compile(r"(?i)\d{4}|img|dsc|photo|face|portrait|selfie|passport|headshot|scan")


class WorldIdRecognizer(RuleRecognizer):
    """See the module."""

    NAME = "world_id"
    TYPES = ("ID",)
    RULES = (
        _id(
            r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}",
            0.9,
            "CPF with its check digits",
            r"\bcpf\b|contribuinte|taxpayer|\bcpf",
            checks.cpf,
        ),
        _id(r"\d{3}\.\d{3}\.\d{3}-\d{2}", 0.9, "CPF as it is written", check=checks.cpf),
        _id(r"\d{11}", 0.9, "PESEL with its check digit", r"\bpesel\b", checks.pesel),
        _id(r"[1-9]\d{12}", 0.9, "CNP with its check digit", r"\bcnp\b|cod numeric", checks.cnp),
        _id(r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", 0.95, "AHV number with its check digit", check=checks.avs),
        _id(
            r"(?:19|20)?\d{6}[-+]\d{4}", 0.85, "Swedish personal number with its check digit", check=checks.personnummer
        ),
        _id(
            r"\d{6}[ ]?\d{5}",
            0.9,
            "Norwegian birth number",
            r"f(?:ø|o)dselsn|personn(?:umme)?r|birth number|\bfnr\b",
            checks.fodselsnummer,
        ),
        _id(r"[0-3]\d[01]\d{3}[-+A-FU-Y]\d{3}[0-9A-FHJ-NPR-Y]", 0.95, "Finnish personal code", check=checks.hetu),
        _id(r"[0-3]\d[01]\d{3}-\d{4}", 0.8, "Danish CPR number after a label", r"\bcpr\b|personnummer"),
        _id(r"\d{2}[.]?\d{2}[.]?\d{2}[- ]?\d{3}[. ]?\d{2}", 0.9, "Belgian register number", check=checks.rrn_be),
        _id(r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]", 0.9, "RUT with its check character", check=checks.rut),
        _id(r"[A-Z]{1,2}\d{6}\([0-9A]\)", 0.9, "Hong Kong identity card", check=checks.hkid),
        _id(r"[STFG]\d{7}[A-Z]", 0.9, "Singapore identity number", check=checks.nric),
        _id(r"[1-9]\d{10}", 0.9, "Turkish identity number", r"kimlik|\btc(?:kn)?\b|turkish id", checks.kimlik),
        _id(r"[1-9]\d{16}[\dXx]", 0.95, "Chinese resident number", check=checks.resident_cn),
        _id(r"\d{13}", 0.85, "South African identity number", r"\bid\b|identity|\brsa\b", checks.id_za),
        _id(r"\d{7}[A-W][A-IW]?", 0.9, "PPS number with its letter", check=checks.pps),
        _id(r"\d{6}-[1-8]\d{6}", 0.85, "Korean resident number"),
        _id(r"[A-Z][AEIOUX][A-Z]{2}\d{6}[HMX][A-Z]{5}[A-Z\d]\d", 0.95, "CURP"),
        _id(r"[A-Z&Ñ]{3,4}\d{6}[A-Z\d]{3}", 0.75, "RFC after a label", r"\brfc\b"),
        _id(r"\d{2}\.\d{3}\.\d{3}-[\dXx]", 0.8, "RG after a label", r"\brg\b|identidade"),
        _id(r"\d{3}[ -]?\d{3}[ -]?\d{3}", 0.75, "Canadian number after its label", r"\bsin\b|social insurance"),
        _id(r"[12]( ?\d){14}", 0.8, "French number after its label", r"\bnir\b|s[ée]curit[ée] sociale|\binsee\b|n° ss"),
        _id(r"\(01\)\d{14}(?:\(1[17]\)\d{6})?(?:\((?:10|21)\)[\w-]{1,20})*", 0.95, "unique device identifier"),
        rule(
            "ID", r"(?<!\w)\(01\)\d{14}(?:\(\d{2}\)[A-Za-z\d-]{1,20})*", 0.95, "unique device identifier (21 CFR 830)"
        ),
        rule(
            "ID",
            r"(?<![\w-])(?=[A-Z-]{0,8}\d)[A-Z\d][A-Z\d-]{4,24}(?![\w-])",
            0.75,
            "serial or lot of an implant",
            context=r"\b(?:implant\w*|pacemaker|defibrillator|icd lead|lead|stent|prosthe\w+|valve|pump|lens|hearing aid|device)\b[^\n.]{0,30}\b(?:lot|serial|s/n|sn|ref|batch|no|number|model)\b[^\n.\w]{0,3}(?:no\.?|number|#)?[ :#]{0,3}$",
        ),
        rule(
            "ID",
            r"(?i)\b(?:finger ?prints?|face|facial|iris|retina|voice|palm|biometric)[ -]?(?:template|print|scan|hash|vector|id|record)?[ ](?:template |hash |id |ref(?:erence)? |no\.? )?[:#]?[ ]?(?P<v>(?=[\w-]{0,16}\d)[\w-]{6,128})(?![\w-])",
            0.75,
            "biometric record",
        ),
        rule(
            "ID",
            r"(?i)(?<![\w/.-])[\w-]{2,60}+\.(?:jpe?g|png|heic|tiff?|gif|bmp|webp|dcm|raw|mp4|mov|avi|wav|mp3|m4a)(?!\w)",
            0.7,
            "name of an image or recording",
            check=lambda v: _IMAGE_OF_SOMEBODY.search(v) is not None,
        ),
        rule(
            "ID", r"(?<![\w@./])@(?=[\w.]{0,20}[A-Za-z])[A-Za-z\d_](?:[\w.]{1,28}[A-Za-z\d_])(?![\w@])", 0.6, "handle"
        ),
        rule(
            "ID",
            r"(?i)\b(?:skype|telegram|signal|wechat|twitter|instagram|insta|facebook|linkedin|tiktok|snapchat|discord|whatsapp|username|user ?name|handle|screen name|login)[ ]?(?:id|name|is)?[ ]?[:=][ ]?@?(?P<v>[A-Za-z\d][\w.:-]{2,40})",
            0.65,
            "account name after a label",
        ),
        rule(
            "ID",
            r"(?i)\b(?:skype|telegram|wechat)[ ](?P<v>live:[\w.]{3,40})",
            0.8,
            "account name",
        ),
        rule("ID", rf"{_SECRET}(?P<v>(?=\S{{0,40}}\d)[^\s,;]{{4,64}})(?<![.,;)])", 0.75, "secret after a label"),
        rule(
            "ID",
            r"(?<!\w)(?:ltc1|bitcoincash:q|addr1|cosmos1)[02-9ac-hj-np-z]{20,110}(?!\w)",
            0.9,
            "crypto address, bech32",
        ),
        rule(
            "ID",
            r"(?<!\w)(?:r[1-9A-HJ-NP-Za-km-z]{24,34}|T[1-9A-HJ-NP-Za-km-z]{33}|[LMD][1-9A-HJ-NP-Za-km-z]{26,33})(?!\w)",
            0.8,
            "crypto address",
            check=lambda v: any(c.isdigit() for c in v) and any(c.islower() for c in v) and any(c.isupper() for c in v),
        ),
        rule("ID", r"(?m)^:2[01][A-Z]?:(?P<v>[A-Z\d/-]{4,16})", 0.85, "reference field of a SWIFT message"),
        rule(
            "ID",
            r"(?i)\b(?:case|docket|cause|civil action|index)[ ](?:no\.?|number|#)?[ :]{0,2}(?P<v>\d{1,2}:\d{2}-[a-z]{2}-\d{3,6}(?:-[a-z\d]{1,6}){0,3})",
            0.95,
            "docket number of a federal court",
        ),
        rule(
            "ID",
            r"(?i)\b(?:personal)?ausweis(?:nummer|nr\.?)?[ :]{1,3}(?P<v>[A-Z\d]{9,10})(?!\w)",
            0.85,
            "identity card after its label",
        ),
        rule(
            "ID",
            r"(?i)\bmy number[ :]{1,3}(?P<v>\d{4}[ -]?\d{4}[ -]?\d{4})(?!\d)",
            0.85,
            "Japanese number after its label",
        ),
        rule(
            "ID",
            r"(?<![\w.])\d{1,3}°[ ]?\d{1,2}'[ ]?\d{1,2}(?:\.\d+)?\"?[ ]?[NSEWO](?:,?[ ]\d{1,3}°[ ]?\d{1,2}'[ ]?\d{1,2}(?:\.\d+)?\"?[ ]?[NSEWO])?",
            0.85,
            "coordinates in degrees",
        ),
    )
