from typing import Any

from django.core.validators import RegexValidator
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_site.lib.formatting import number
from crm_site.lib.remembered import remembered


class Company(models.Model):
    """The company that uses this installation: one row, edited in the admin."""

    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(
        _("house currency"),
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Give the three capital letters of the currency, such as EUR."))],
        help_text=_("All amounts are kept in this currency; an order in another one keeps its exchange rate."),
    )
    former_after_days = models.PositiveIntegerField(
        _("former customer after (days)"),
        default=365,
        help_text=_("A customer without an order for longer than this counts as a former customer."),
    )
    demo_weeks_shifted = models.PositiveIntegerField(
        _("weeks that demonstration orders were moved"),
        null=True,
        blank=True,
        help_text=_("Set by the demonstration data; empty for a real company."),
    )

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("company")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="company_single_row")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        company_lately.forget()

    @property
    def demo_notice(self) -> str:
        """What to say of demonstration data; '' for a real company."""
        if self.demo_weeks_shifted is None:
            return ""
        return gettext(
            "Demonstration: real purchases of the CDNOW data set (1997–98) moved forward by %(weeks)s weeks; "
            "names, contact moments, product families and costs are invented."
        ) % {"weeks": number(self.demo_weeks_shifted)}

    @classmethod
    def current(cls) -> "Company":
        """The one company (1 query); a nameless one with the defaults before anything was entered."""
        return cls.objects.filter(pk=1).first() or cls(pk=1, name="")

    @classmethod
    def of(cls, request: HttpRequest) -> "Company":
        """As `current`, the same for the view and the shell of one page; other processes see a change after seconds."""
        if not hasattr(request, "company"):
            request.company = company_lately()  # type: ignore[attr-defined]
        return request.company  # type: ignore[attr-defined]


@remembered(seconds=5)
def company_lately() -> Company:
    """The company as it was a moment ago: every page asks for it, and it changes about once a year."""
    return Company.current()
