"""Snowflake's formats of numbers: a model prints a number, and reads one.

https://docs.snowflake.com/en/sql-reference/sql-format-models
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from functools import lru_cache

ELEMENT = re.compile(
    r'(?P<quoted>"(?:[^"]|"")*")|(?P<element>TM9|TME|TM|FM|MI|E{2,5}|X|[$09BDGS.,]|(?P<blank>\s))',
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Model:
    """A model in its parts.

    Args:
        before, behind: Literal text around the number.
        whole, fraction: Digits left and right of the point: 0, 9, X and groups' commas.
        sign: "", S or MI, in front unless `sign_behind`.
        exponent: How many E.
        tm: TM, TM9 or TME, the shortest text that says all.
    """

    before: str = ""
    behind: str = ""
    whole: str = ""
    fraction: str = ""
    point: bool = False
    sign: str = ""
    sign_behind: bool = False
    currency: bool = False
    blank_zero: bool = False
    fill: bool = True
    exponent: int = 0
    tm: str = ""


@lru_cache(maxsize=512)
def model_of(written: str) -> Model:
    """The parts of a model.

    Raises:
        ValueError: It holds what is no element.
    """
    values: dict[str, object] = {}
    digits = {"whole": "", "fraction": ""}
    literals = {"before": "", "behind": ""}
    side, position = "whole", 0
    while position < len(written):
        match = ELEMENT.match(written, position)
        if match is None:
            raise ValueError(written)
        position = match.end()
        started = bool(digits["whole"] or digits["fraction"] or values.get("tm"))
        if match["quoted"] or match["blank"]:
            text = match["quoted"][1:-1].replace('""', '"') if match["quoted"] else match["blank"]
            literals["behind" if started or values.get("point") else "before"] += text
            continue
        element = match["element"].upper()
        match element:
            case "TM" | "TM9" | "TME":
                values["tm"] = element
            case "FM":
                values["fill"] = False
            case "S" | "MI":
                values |= {"sign": element, "sign_behind": started or bool(values.get("point"))}
            case "$":
                values["currency"] = True
            case "B":
                values["blank_zero"] = True
            case "." | "D":
                values["point"], side = True, "fraction"
            case "," | "G":
                digits[side] += ","
            case _ if element.startswith("EE"):
                values["exponent"] = len(element)
            case _:
                digits[side] += element
    return Model(**digits, **literals, **values)  # type: ignore[arg-type]


def printed(number: Decimal, written: str) -> str:
    """The number in the model."""
    model = model_of(written)
    if model.tm:
        core = _shortest(number, model.tm)
    elif "X" in model.whole:
        core = _hexadecimal(number, model)
    elif model.exponent:
        core = _scientific(number, model)
    else:
        core = _fixed(number, model)
    return f"{model.before}{core}{model.behind}"


def _shortest(number: Decimal, kind: str) -> str:
    if kind != "TME":
        return f"{number:f}"
    if not number:
        return "0E0"
    plain = number.normalize()
    digits = "".join(map(str, plain.as_tuple().digits))
    mantissa = digits[0] + (f".{digits[1:]}" if digits[1:] else "")
    return f"{'-' if plain < 0 else ''}{mantissa}E{plain.adjusted()}"


def _rounded(number: Decimal, digits: int) -> Decimal:
    with localcontext(prec=100):
        return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _hexadecimal(number: Decimal, model: Model) -> str:
    """Two's complement as wide as the model, unless it has a sign of its own."""
    value, width = int(_rounded(number, 0)), len(model.whole)
    if not model.sign:
        value %= 16**width
    digits = f"{abs(value):X}"
    if len(digits) > width:
        digits = "#" * width
    first = model.whole.find("0")
    digits = digits.rjust(width - first if first >= 0 else 0, "0")
    text = _signed(digits, model, negative=value < 0)
    return text.rjust(width + bool(model.sign)) if model.fill else text


def _scientific(number: Decimal, model: Model) -> str:
    wanted = len(model.fraction)
    exponent = number.adjusted() if number else 0
    mantissa = _rounded(abs(number).scaleb(-exponent), wanted)
    if mantissa >= 10:
        mantissa, exponent = _rounded(mantissa / 10, wanted), exponent + 1
    width = {2: 1, 3: 2, 4: 3, 5: 4}[model.exponent]
    sign = "-" if exponent < 0 else ("+" if model.exponent > 2 else "")
    text = f"{mantissa:f}E{sign}{abs(exponent):0{width - 1 if width > 1 else 1}}"
    signed = _signed(text, model, negative=number < 0)
    return signed if not model.fill or signed[0] in "+-" else f" {signed}"


def _fixed(number: Decimal, model: Model) -> str:
    places = len(model.fraction.replace(",", ""))
    rounded = _rounded(abs(number), places)
    whole, _, fraction = f"{rounded:f}".partition(".")
    slots = model.whole.replace(",", "")
    negative = number < 0 and bool(rounded)
    if len(whole.lstrip("0")) > len(slots):
        left, right = re.sub(r"[09]", "#", model.whole), re.sub(r"[09]", "#", model.fraction)
    else:
        left = _whole(whole.lstrip("0"), model)
        right = _fraction(fraction, model.fraction)
    point = "." if model.point else ""
    text = f"{left}{point}{right}"
    if not model.fill:
        text = text.replace(" ", "").rstrip(".")
    width = len(model.whole) + len(point) + len(model.fraction) + 1 + model.currency
    # A minus in front of blanks keeps its place; every other sign stands beside the digits.
    stays = model.sign == "MI" and not model.sign_behind
    signed = _signed(text if stays else text.lstrip(" "), model, negative=negative)
    return signed.rjust(width) if model.fill else signed


def _whole(digits: str, model: Model) -> str:
    """Digits from the right into the places; zeros from the first 0 on, else blanks."""
    slots = model.whole.replace(",", "")
    first_zero = slots.find("0")
    shown = max(len(digits), len(slots) - first_zero if first_zero >= 0 else 0)
    if not shown and slots and not model.blank_zero:
        shown = 1
    digits = digits.rjust(shown, "0")
    places, taken = [], 0
    for slot in reversed(model.whole):
        if slot == ",":
            places.append("," if taken < shown else " ")
        elif taken < shown:
            taken += 1
            places.append(digits[-taken])
        else:
            places.append(" ")
    return "".join(reversed(places))


def _fraction(digits: str, slots: str) -> str:
    """Zeros at the end are blanks where the model has 9."""
    kept = len(digits)
    while kept and digits[kept - 1] == "0" and "0" not in slots[kept - 1 :]:
        kept -= 1
    return digits[:kept].ljust(len(slots))


def _signed(text: str, model: Model, *, negative: bool) -> str:
    money = f"${text}" if model.currency else text
    match model.sign:
        case "S":
            sign = "-" if negative else "+"
        case "MI":
            sign = "-" if negative else " "
        case _:
            return f"-{money}" if negative else money
    sign = sign if model.fill or sign != " " else ""
    return f"{money}{sign}" if model.sign_behind else f"{sign}{money}"


def parsed(text: str, written: str) -> Decimal | None:
    """The number that a text in one of the models (a|b) means; None if it is none."""
    return next((n for m in written.split("|") if (n := _parsed(text, m)) is not None), None)


def _parsed(text: str, written: str) -> Decimal | None:
    model = model_of(written)
    body = text.strip()
    if model.tm:
        return _number(re.sub(r"^([+-])\s+", r"\1", body))
    body = body.removeprefix(model.before).removesuffix(model.behind).strip()
    match = re.fullmatch(
        r"([+-]?)\s*(\$?)\s*([+-]?)([0-9A-Fa-f,]*)(?:\.(\d*))?([Ee][+-]?\d+)?\s*([+-]?)", body
    )
    if match is None:
        return None
    first, money, second, whole, fraction, exponent, last = match.groups()
    sign = first or second or last
    if (last and not model.sign_behind) or (money and not model.currency):
        return None
    if first and model.sign_behind:
        return None
    if "X" in model.whole:
        return _of_hexadecimal(sign, whole, model)
    if not _fits(whole, fraction or "", model) or bool(exponent) > bool(model.exponent):
        return None
    return _number(f"{sign}{whole.replace(',', '')}.{fraction or ''}{exponent or ''}")


def _of_hexadecimal(sign: str, digits: str, model: Model) -> Decimal | None:
    if len(digits) > len(model.whole) or not digits:
        return None
    return Decimal(int(f"{sign}{digits}", 16))


def _fits(whole: str, fraction: str, model: Model) -> bool:
    """Whether the digits have places, and the commas are where the model has them."""
    slots = model.whole.replace(",", "")
    digits = whole.replace(",", "")
    if not (digits or fraction) or not (digits or "0").isdigit():
        return False
    if len(digits) > len(slots) or len(fraction) > len(model.fraction):
        return False
    least = len(slots) - slots.find("0") if "0" in slots else 0
    if len(digits) < least:
        return False
    places = [i for i, c in enumerate(reversed(model.whole)) if c == ","]
    written = [i for i, c in enumerate(reversed(whole)) if c == ","]
    return written == [place for place in places if place < len(whole)]


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
