"""Instructions to a language model, hidden in a document or put into a question: found by readable features.

A detection is a **signal**, never the guarantee: the guarantee is in the code path (no tools, no fetches, the
scope fixed before retrieval, every shown sentence verified). A flagged block is shown as data and is never
evidence; a flagged question is answered under the same rules and the signal is recorded.

The features are families of phrases after the taxonomies of Perez and Ribeiro 2022 (PromptInject: goal hijacking,
prompt leaking), Greshake et al. 2023 (indirect injection) and OWASP LLM01. Each family is one regular expression
with the weight it adds; a text is flagged when the weights reach `THRESHOLD`. Pure functions, no state.
"""

import re
import unicodedata
from dataclasses import dataclass

THRESHOLD = 1.0

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]"
)
"""Characters that a reader does not see: zero-width, bidirectional controls, tags."""


@dataclass(frozen=True, slots=True)
class Family:
    """One family of phrases: its name in signals, the weight it adds, where it counts, its expression."""

    name: str
    weight: float
    pattern: re.Pattern[str]
    question: bool = True
    document: bool = True


def _family(name: str, weight: float, *parts: str, question: bool = True, document: bool = True) -> Family:
    return Family(
        name, weight, re.compile("|".join(f"(?:{part})" for part in parts), re.IGNORECASE), question, document
    )


_PRIOR = (
    r"(?:previous|prior|preceding|above|earlier|former|foregoing|initial|original|existing|old|all|any|"
    r"every|these|those|your|the)"
)
_ORDERS = (
    r"(?:instructions?|prompts?|commands?|directions?|directives?|guidelines?|orders|rules|guardrails|context|training|"
    r"constraints|restrictions|policies|programming|filters?|messages?|tasks?|assignments?)"
)
_DROP = (
    r"(?:ignor(?:e|ing)|disregard(?:ing)?|forget(?:ting)?|overrid(?:e|ing)|bypass(?:ing)?|neglect(?:ing)?|"
    r"stop following|do not follow|don't follow|skip|discard|dismiss|drop|cancel)"
)

FAMILIES: tuple[Family, ...] = (
    _family(
        "override",
        1.0,
        rf"\b{_DROP}\s+(?:\w+\s+){{0,4}}?{_PRIOR}\s+(?:\w+\s+){{0,3}}?{_ORDERS}\b",
        rf"\b{_DROP}\s+(?:\w+\s+){{0,3}}?(?:everything|every?thing|anything|all(?: of)? (?:that|what))\b.{{0,40}}\b"
        r"(?:told|said|before|above|instructed|asked|learned|given|prior|previous|so far)\b",
        rf"\b{_DROP}\s+(?:(?:all|everything) )?(?:the )?above\b(?! warning)",
        r"\bnew (?:instructions?|task|orders?|directive)s?\s*(?::|is\b|are\b|from\b)",
        r"\b(?:instead|now)\b.{0,30}\byour (?:new|real|only|actual|true) (?:task|goal|job|instruction|purpose|"
        r"objective|mission)\b",
    ),
    _family(
        "override_translated",
        1.0,
        r"\b(?:ignor\w+|olvid\w+|desconsider\w+|oubli\w+|esque[cç]\w+|dimentic\w+|vergessen|vergiss|"
        r"missachte\w*|negeer)\b.{0,30}"
        r"\b(?:instruc\w+|instru[cç]\w+|anweisung\w*|istruzion\w+|consignes|instructies|órdenes|indicaciones)\b",
        r"(?:игнорир\w+|забудь\w*).{0,30}инструкци\w+|αγνο[ήη]σ\w+.{0,30}οδηγ[ίι]\w+|지시.{0,6}(?:무시|잊)|"
        r"निर्देशों.{0,12}अनदेखी",
        r"(?:忽略|无视|忘记|無視).{0,12}(?:指令|指示|说明|說明)|(?:指示|命令).{0,6}(?:無視|忘れ)|تجاهل.{0,20}(?:التعليمات|الأوامر)",
    ),
    _family(
        "authority",
        1.0,
        r"\b(?:entering|enter|enable|activate|activated|system) (?:\w+ ){0,4}?(?:override|developer|debug|admin|"
        r"maintenance|training) mode\b",
        r"\boverride mode\b|<\s*system[ _-]?mode\s*>|\bi am god\b|\bi'?m god\b|\bas an ai (?:developed|created|"
        r"made) by\b",
        r"\b(?:i'm|i am) (?:your|the) (?:developer|creator|maintainer|programmer|administrator of your)\b",
    ),
    _family(
        "role",
        1.0,
        r"\b(?:do anything now|jailbroken|jailbreak (?:mode|prompt)|developer mode (?:enabled|on|output)|god "
        r"mode|dan mode|"
        r"evil-?bot|dude mode)\b",
        r"\byou are (?:now |going to be |about to )(?:\w+\s+){0,6}?(?:dan|ai|model|bot|assistant|character|"
        r"chatbot|free|unrestricted|immerse)\b",
        r"\b(?:act|behave|respond|answer|reply|speak|roleplay|role-play) (?:exactly )?(?:as|like) (?:if you "
        r"(?:were|are|had)|an? (?:unrestricted|uncensored|evil|unfiltered|amoral))\b",
        r"\b(?:pretend|imagine|suppose) (?:that |to be )?(?:you(?:'re| are| have)?|an?) (?:\w+\s+){0,6}?(?:no "
        r"(?:restrictions|rules|limits|filters|guidelines)|without (?:any )?(?:restrictions|rules|limits|"
        r"filters)|unrestricted|unfiltered|jailbroken)\b",
        r"\bfrom now on\b.{0,40}\byou (?:will|are|must|should|have)\b",
        r"\b(?:stay|remain) in character\b",
        r"\bbroken? free (?:of|from) the (?:typical )?(?:confines|limits|restrictions)\b",
    ),
    _family(
        "leak",
        1.0,
        r"\b(?:reveal|repeat|print|show|display|output|disclose|divulge|leak|share|tell me|give me|write(?: "
        r"down| out)?|recite|return|"
        r"what(?:'s| is| are| was| were)|list|copy|paste|summari[sz]e|translate|encode|"
        r"spell)\b.{0,40}?\b(?:your|the|its|these|this|all|initial|original|hidden|secret|previous|above)\b.{0,30}?"
        r"\b(?:system (?:prompt|message|instructions?)|(?:initial|original|hidden|secret|pre-?|internal|"
        r"developer) ?(?:prompt|instructions?|message|rules|guidelines|directives?|configuration)|instructions "
        r"(?:you|that|given|above)|"
        r"secret (?:key|word|code|phrase|password)|prompt (?:above|verbatim|text)|text above|words above|"
        r"conversation above)",
        r"\binstructions you (?:were|have been|are|had been|received|got)\b",
        r"\b(?:your|the) (?:system|initial|original|hidden) (?:prompt|instructions?|"
        r"message)\b.{0,30}\b(?:verbatim|word for word|exactly|in full|above|code block|base64|json|yaml)\b",
        r"\b(?:repeat|print|output|copy|recite|translate)\b.{0,30}\b(?:all|everything|the (?:words|text|lines|"
        r"content|message|sentence|paragraph)s?)\b.{0,20}\b(?:above|before this|preceding|prior to)\b",
        document=False,
    ),
    _family(
        "prompt",
        1.0,
        r"\bsystem ?prompt\b|\bsystem configuration\b.{0,40}\b(?:prompt|instructions)\b|\boverride: display\b",
        r"\b(?:starting|initiali[sz]ation|opening) (?:instructions|string|prompt|message)\b",
        r"\b(?:text|words|message|orders) you were (?:given|told|shown|sent)\b|\bwhat were you (?:told|"
        r"instructed|given)\b",
        r"\b(?:i was|you were|you are|been) instructed to['\".:]|\bmy instructions are\b|\bnot supposed to "
        r"(?:tell|say|reveal)\b",
        r"\b(?:repeat|print|copy|output|translate|encode) (?:\w+ ){0,3}?(?:above (?:text|words|message)|entire "
        r"conversation)\b",
        r"\bstop everything\b|\bjust (?:print|say|output|write) [\"']",
        document=False,
    ),
    _family(
        "reply_form",
        1.0,
        r"\b(?:provide|render|give|write) your (?:reply|response|answer|message|output) (?:using|in|with|without|as)\b",
        r"\b(?:modify|augment|enhance|rearrange|scramble|jumble|encode|format|alter|adjust|end|begin|start|conclude)\b"
        r".{0,40}\byour (?:reply|response|answer|message|output)(?:'s)?\b",
        r"\bletters of (?:the )?(?:words (?:in|of) )?your (?:reply|response|answer|message|output)\b",
        r"\breplace (?:every|all|the|each) (?:\w+ )?(?:letters?|vowels?|words?|spaces)\b",
    ),
    _family(
        "secrecy",
        1.0,
        r"\b(?:secret|hidden|confidential) (?:key|word|code|password|passphrase|instructions?|message)\b",
        r"\b(?:your|our system|the system|the user'?s?) (?:password|passcode|pass ?phrase|access code)\b",
        r"\b(?:reveal|confirm|tell me|give me|share|spell|encode|decode|write (?:a|an) \w+ about|what(?:'s| is)|"
        r"provide)\b"
        r".{0,25}\b(?:the|this) (?:password|passcode|passphrase)\b",
        document=False,
    ),
    _family(
        "to_model",
        1.0,
        r"\b(?:as an?|dear|attention|note to|message (?:to|for)|instructions? (?:to|for)|hey|if you are an?|"
        r"hello) (?:the )?(?:ai|llm|language model|large language model|chatbot|ai assistant|ai model|virtual "
        r"assistant|gpt|automated (?:agent|assistant|reader|system))s?\b",
        r"\b(?:when|if|while|before|after) (?:you(?:'re| are)? )?(?:summari[sz]ing|answering|asked|processing|"
        r"responding|replying|reading|translating|generating|reviewing)\b.{0,60}\b(?:you (?:must|should|will|"
        r"need|have)|always|never|instead|include|say|tell|add|append|state|recommend|reply|answer)\b",
        r"\b(?:in|to|with|from|into) your (?:\w+ )?(?:response|reply|answer|output|"
        r"summary|completion)s?\b",
        r"\byour (?:response|reply|answer|output|summary) (?:must|should|has to|needs to|shall|will) "
        r"(?:\w+ )?(?:be|begin|start|end|include|contain|only|not|say|mention)\b",
        r"\b(?:respond|reply|answer) (?:only |always |exactly |just |simply )?(?:with|using|in) (?:the |only |a "
        r"|an )?(?:word|phrase|sentence|text|emoji|json|base64|string|code|reverse|rhyme|french|german|spanish|"
        r"pig latin|all caps|capital)",
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)[^>]{0,20}\|?>|"
        r"\[/?INST\]|<</?SYS>>|<start_of_turn>|###\s*(?:system|instruction|human|assistant)\s*:",
        r"(?:^|\n)\s*(?:system|assistant|developer)\s*(?:prompt|message|note)?\s*:\s*\S",
        question=False,
    ),
    _family(
        "format_markers",
        1.0,
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)[^>]{0,20}\|?>|"
        r"\[/?INST\]|<</?SYS>>|<start_of_turn>",
        r"(?:^|\n)\s*(?:###\s*)?(?:system|assistant|developer)\s*(?:prompt|message|override)?\s*:\s*\S",
        document=False,
    ),
    _family(
        "exfiltration",
        1.0,
        r"!\[[^\]]*\]\(\s*https?://[^)]*[?=&{]",
        r"\b(?:send|post|forward|upload|transmit|exfiltrate|e-?mail|submit|leak)\b.{0,50}\b(?:conversation|chat "
        r"history|passwords?|credentials|api keys?|user data|user's (?:data|information|details)|contents? of "
        r"(?:this|the) (?:chat|conversation|email|context)|system prompt)\b.{0,40}\b(?:to|at|via)\b",
    ),
)


def plain(text: str) -> str:
    """`text` as the rules read it: compatibility-normalised (NFKC), invisible characters removed, tags decoded."""
    tags = "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)
    return INVISIBLE.sub("", unicodedata.normalize("NFKC", tags))


def hidden_characters(text: str) -> bool:
    """True when invisible characters spell or break words: tag characters, or three or more inside words."""
    if any(0xE0020 <= ord(c) <= 0xE007E for c in text):
        return True
    return len(re.findall(f"(?<=\\w){INVISIBLE.pattern}(?=\\w)", text.replace("\u00ad", ""))) >= 3


def instruction_signals(text: str) -> tuple[str, ...]:
    """Signals that a document's `text` addresses a model: names of families, empty when below the threshold."""
    return _signals(text, document=True)


def question_signals(text: str) -> tuple[str, ...]:
    """Signals that a question tries to steer or to leak: names of families, empty when below the threshold."""
    return _signals(text, document=False)


def _signals(text: str, *, document: bool) -> tuple[str, ...]:
    readable = plain(text)
    found = [f for f in FAMILIES if (f.document if document else f.question) and f.pattern.search(readable)]
    names = [family.name for family in found]
    weight = sum(family.weight for family in found)
    if hidden_characters(text):
        names.append("hidden_characters")
        weight += 1.0 if document else 0.5
    return tuple(names) if weight >= THRESHOLD else ()
