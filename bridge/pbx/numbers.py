"""Telephone numbers to E.164, by the metadata of the phonenumbers library."""

from collections.abc import Callable
from functools import lru_cache, partial

_LONGEST_NUMBER = 250
# The library reads no longer ones; refusing them here keeps them out of the cache.
_CACHED_NUMBERS = 16_384
# About 4 MB. Parsing costs 18 µs a number, and a company's calls come from and go to the same numbers again and again.

ToE164 = Callable[[str], str | None]


@lru_cache(maxsize=_CACHED_NUMBERS)
def _parse(number: str, region: str) -> str | None:
    # Imported here, since its metadata takes memory that a bridge without a default region need not spend.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _in_region(number: str, *, region: str) -> str | None:
    return _parse(number, region) if len(number) <= _LONGEST_NUMBER else None


def _none(_: str) -> None:
    return None


def e164_reader(default_region: str | None) -> ToE164:
    """Return what turns a number as sent into E.164, or None where it is not a valid number of any country.

    A number without a prefix is read as national in `default_region` (ISO 3166 alpha-2); without a region all answers
    are None.
    """
    return _none if default_region is None else partial(_in_region, region=default_region)
