
"""E-mail addresses, URLs, IP and MAC addresses.

No public suffix list is consulted: Presidio's e-mail recognizer asks `tldextract`, which tries to download one
and rejects the addresses of closed networks such as `root@ward3.hospital.local`.
"""

import ipaddress

from appliance.redaction.recognizers.base import RuleRecognizer, rule


def ip_address(value: str) -> bool:
    """An IPv4 or IPv6 address as `ipaddress` reads it; not a clock time, not the unspecified address."""
    try:
        address = ipaddress.ip_address(value.split("/")[0].split("%")[0])
    except ValueError:
        return False
    return not address.is_unspecified


def not_a_version(value: str) -> bool:
    """IPv4 whose numbers could be an address: 1.2.3.4-like section numbers of single digits are not."""
    return ip_address(value) and any(len(part) > 1 for part in value.split("/")[0].split("."))


class EmailAddressRecognizer(RuleRecognizer):
    """Addresses of RFC 5322 dot-atom form, with or without a public suffix, and obfuscated or encoded `@`."""

    NAME = "email"
    TYPES = ("EMAIL_ADDRESS",)
    RULES = (
        rule(
            "EMAIL_ADDRESS",
            r"(?<![\w.+%-])[\w][\w.!#$&'*+/=?^`{|}~-]{0,63}+(?<![.])@[\p{L}\d](?:[\p{L}\d-]{0,62}[\p{L}\d])?"
            r"(?:\.[\p{L}\d](?:[\p{L}\d-]{0,62}[\p{L}\d])?){0,8}",
            0.95,
            "user@host",
        ),
        rule("EMAIL_ADDRESS", r"(?<!\w)[\w.+-]{1,64}+%40[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,8}", 0.95, "user%40host"),
        rule(
            "EMAIL_ADDRESS",
            r"(?<!\w)[\w.+-]{2,64}+ ?(?:\[at\]|\(at\)|\{at\}) ?[\w-]{1,63}+(?: ?(?:\.|\[dot\]|\(dot\)) ?[\w-]{1,63}+){1,8}",
            0.9,
            "user [at] host",
            flags=2,
        ),
    )


class WebAddressRecognizer(RuleRecognizer):
    """Web and file addresses, host names with a known ending, network shares."""

    NAME = "url"
    TYPES = ("URL",)
    RULES = (
        rule(
            "URL",
            r"(?<!\w)(?:https?|ftps?|sftp|ssh|ldaps?|wss?|file|s3)://[^\s<>\"'|)\]}]{2,2000}(?<![.,;:!?])",
            0.9,
            "scheme://",
            flags=2,
        ),
        rule(
            "URL",
            r"(?<![\w@.-])www\d?\.[\w-]{1,63}+(?:\.[\w-]{1,63}+){1,6}(?:/[^\s<>\"'|)\]}]*)?(?<![.,;:!?])",
            0.9,
            "www.",
            flags=2,
        ),
        rule(
            "URL",
            r"(?<![\w@./\\-])(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.){1,5}(?:com|org|net|edu|gov|mil|int|info|biz|io|co|uk|de|fr|es|it|nl|ch|at|"
            r"be|dk|se|no|fi|pl|cz|pt|ie|eu|ca|us|au|nz|in|jp|cn|ru|br|mx|za|tr|gr|hu|ro|local|internal|intranet|lan|corp)"
            r"(?![\w@-])(?:[:]\d{2,5})?(?:/[^\s<>\"'|)\]}]*)?(?<![.,;:!?])",
            0.6,
            "host name with a known ending",
            flags=2,
        ),
        rule("URL", r"(?<!\S)\\\\[\w.-]{2,63}\\[^\s<>\"|]{1,200}", 0.8, "network share"),
    )


class IpAddressRecognizer(RuleRecognizer):
    """IPv4 and IPv6 addresses, with a prefix length too."""

    NAME = "ip"
    TYPES = ("IP_ADDRESS",)
    RULES = (
        rule(
            "IP_ADDRESS",
            r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\w]|\.\d)",
            0.9,
            "IPv4 address",
            check=not_a_version,
        ),
        rule(
            "IP_ADDRESS",
            r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)",
            0.9,
            "IPv4 address after a label",
            check=ip_address,
            context=r"\b(?:ip|host|address|from|server|login|dns|gateway)\b[^\n]{0,25}$",
        ),
        rule(
            "IP_ADDRESS",
            r"(?<![\w:.])(?=[\da-f:]{0,38}:[\da-f]{0,4}:)[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3})?(?:%\w+)?(?:/\d{1,3})?(?![\w:])",
            0.9,
            "IPv6 address",
            check=lambda value: (
                (value.count(":") >= 3 or "::" in value) and value not in ("::", ":::") and ip_address(value)
            ),
            flags=2,
        ),
    )


class HardwareAddressRecognizer(RuleRecognizer):
    """IEEE 802 hardware addresses."""

    NAME = "mac"
    TYPES = ("ID",)
    RULES = (
        rule("ID", r"(?<![\w:-])[\da-f]{2}([:-])(?:[\da-f]{2}\1){4}[\da-f]{2}(?![\w:-])", 0.95, "MAC address", flags=2),
        rule("ID", r"(?<![\w.])(?:[\da-f]{4}\.){2}[\da-f]{4}(?![\w.])", 0.8, "MAC address, dotted", flags=2),
    )
