"""What pages ask of the rows of a run and takes the database long to find."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Run


class RunAnswer(models.Model):
    """The answer to one question about a run: found when somebody first asks, kept as long as the rows of the run."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="answers", verbose_name=_("recompute"))
    question = models.CharField(_("question"), max_length=120)
    answer = models.JSONField(_("answer"), default=dict)

    class Meta:
        verbose_name = _("answer about a recompute")
        verbose_name_plural = _("answers about recomputes")
        ordering = ["-run", "question"]
        constraints = [models.UniqueConstraint(fields=["run", "question"], name="run_answer_once_a_question")]

    def __str__(self) -> str:
        return f"{self.question} ({self.run_id})"
