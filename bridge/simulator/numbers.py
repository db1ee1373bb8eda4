"""Telephone numbers as people dial and networks send them: national without prefix, and international."""

from random import Random

# Country, digits after the country code; mobile ranges, so that a number library finds them valid.
_FOREIGN = (("371", "2", 7), ("372", "5", 6), ("49", "151", 8), ("44", "7700", 6), ("48", "60", 7), ("46", "70", 7))


def _digits(rng: Random, count: int) -> str:
    return f"{rng.randrange(10**count):0{count}d}"


def subscriber(rng: Random) -> str:
    """Return a Lithuanian mobile number without any prefix: eight digits."""
    return "6" + _digits(rng, 7)


def written(rng: Random, number: str) -> str:
    """Return the number in one of the ways in which networks hand it over."""
    return rng.choice((number, "+370" + number, "370" + number, "8" + number))


def stranger(rng: Random) -> str:
    """Return the number of a caller from anywhere, most of them from Lithuania."""
    if rng.random() < 0.75:  # the share of home callers of a company that also works abroad
        return written(rng, subscriber(rng))
    country, start, count = rng.choice(_FOREIGN)
    number = start + _digits(rng, count)
    return rng.choice(("+", "00")) + country + number
