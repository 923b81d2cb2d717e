"""Words that names and values are known by."""

import re


def _these(words: str) -> frozenset[str]:
    return frozenset(words.split())


NULLS = _these(
    "NA N/A n/a na #N/A #NA <NA> NaN nan NAN -NaN -nan null NULL Null 1.#IND 1.#QNAN -1.#IND"
) | {""}
"""Missing wherever they stand."""
LIKELY = _these(r"None ? \N")
"""Missing, unless the target has them among its texts."""
ELSEWHERE = _these("- -- --- . * none NONE missing Missing unknown Unknown UNKNOWN")
"""Missing where numbers or times stand otherwise."""
CODES = _these("code zip zipcode postal postcode plz fips sku phone telephone")
KEYS = _these("id ids uuid guid key rowid")
GROUPS = _these("customer user patient client account member subject person session")
TIMES = _these("created at ts dt epoch day dteday")
OTHER_TIMES = _these("birth death end due expiry expires updated update modified last until to")
PERSONAL = _these(
    "email mail phone telephone mobile ssn passport iban address street firstname lastname surname"
    " fullname"
)
PERSONS = _these("first last full middle family given customer user patient person")
POSITIVE = _these(
    "true yes y t 1 positive pos churned churn default defaulted fraud fraudulent malignant spam"
    " bad attrited left exited late died dead deceased survived failed failure sick disease"
    " abnormal attack anomaly delinquent canceled cancelled clicked converted returned poisonous"
    " approved recurrence"
)
NEGATIVE = _these(
    "false no n f 0 negative neg not non never benign ham good legit legitimate genuine retained"
    " stayed existing normal healthy ok alive paid edible none"
)


def words_of(name: str) -> list[str]:
    """The words of a name: ``PULocationID`` has pu, location and id."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+|[0-9]+", name)
    return [part.lower() for part in parts]


def named_key(name: str) -> bool:
    """Whether a name says that the column names rows."""
    return bool(KEYS & set(words_of(name)[-1:]))


def like_time(name: str) -> bool:
    """Whether a name says that a number may be a time."""
    return any(word in TIMES or word.endswith(("time", "date", "stamp")) for word in words_of(name))


def named_time(name: str) -> bool:
    """Whether a name says that the column holds when the row happened."""
    return like_time(name) and not OTHER_TIMES & set(words_of(name))
