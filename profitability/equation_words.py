"""What is wrong with a time equation, in words that name the place."""

from difflib import get_close_matches

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from profitability.drivers import all_drivers, is_known
from profitability.equations import EquationFault, EquationTerm, read_equation

FAULTS: dict[str, str | Promise] = {
    "empty": gettext_lazy(
        "Write how many minutes each unit of a driver takes, for example: 8 * orders + 2 * order_lines."
    ),
    "too_long": gettext_lazy("The equation is longer than 1000 characters."),
    "too_deep": gettext_lazy("The brackets are nested too deeply."),
    "unknown_sign": gettext_lazy("“%(text)s” is no sign of an equation; use names, numbers, + − * / and brackets."),
    "unknown_name": gettext_lazy("No records yield a driver “%(text)s”."),
    "sign_missing": gettext_lazy("A sign is missing before “%(text)s”: +, −, * or /."),
    "value_missing": gettext_lazy("A number or a name is missing before “%(text)s”."),
    "ends_early": gettext_lazy("The equation ends where a number or a name should follow."),
    "unopened": gettext_lazy("This bracket was never opened."),
    "unclosed": gettext_lazy("This bracket is never closed."),
    "drivers_multiplied": gettext_lazy(
        "Two drivers cannot be multiplied: an equation is read for a whole month, in which many orders come together."
    ),
    "divided_by_driver": gettext_lazy("Minutes cannot be divided by a driver, only by a number."),
    "divided_by_zero": gettext_lazy("Nothing can be divided by zero."),
    "number_alone": gettext_lazy(
        "The number %(text)s stands alone: say for each of what these minutes are spent, as in %(text)s * orders."
    ),
    "negative": gettext_lazy("Each unit of “%(text)s” would take less than no time."),
    "too_large": gettext_lazy("Each unit of “%(text)s” would take more than a million minutes."),
    "no_minutes": gettext_lazy("The equation comes to no minutes at all."),
}
# Faults of the equation as a whole, which have no place.
PLACELESS = {"empty", "too_long", "no_minutes"}


def fault_in_words(fault: EquationFault) -> str:
    """The sentence that says what is wrong and where, with the likely name where one was misspelt."""
    said = str(FAULTS[fault.code]) % {"text": fault.text}
    if fault.code == "unknown_name":
        near = get_close_matches(fault.text.lower(), [driver.code for driver in all_drivers()], n=1)
        said += " " + _("Did you mean “%(name)s”?") % {"name": near[0]} if near else ""
    if fault.code in PLACELESS:
        return said
    return _("At character %(place)s: %(fault)s") % {"place": fault.position + 1, "fault": said}


def terms_of(equation: str) -> tuple[EquationTerm, ...]:
    """The terms of an equation of known drivers. Raises EquationFault."""
    return read_equation(equation, is_known)


def known_equation(equation: str) -> None:
    """Refuse an equation that cannot be computed."""
    try:
        terms_of(equation)
    except EquationFault as fault:
        raise ValidationError(fault_in_words(fault), code=fault.code) from fault
