"""Pages of consent, messages and documents, and the public page that ends a subscription."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from customers.contacting.consent import (
    BadLink,
    Subscription,
    consent_state,
    record_consent,
    subscription_of,
    unsubscribe,
)
from customers.contacting.documents import attach, remove
from customers.contacting.forms import ConsentForm, DocumentForm, MessageForm, TemplateChoice
from customers.contacting.messages import MayNotContact, new_key, write_message
from customers.contacting.panels import consent_history, consent_table, documents_table
from customers.contacting.pressure import may_contact
from customers.contacting.templates import Draft, draft_for
from customers.models import Attachment, Channel, Company, Customer, MessageTemplate
from customers.permissions import (
    ADD_CONSENT,
    ADD_DOCUMENT,
    DELETE_DOCUMENT,
    VIEW_CONSENT,
    VIEW_DOCUMENTS,
    WRITE_MESSAGE,
)


def _customer(request: HttpRequest, pk: int) -> Customer:
    return get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)


def _page(customer: Customer, title: str) -> dict[str, Any]:
    """What every page about a part of a customer's file has."""
    return {
        "page_title": title,
        "page_subtitle": str(customer),
        "breadcrumbs": [(_("Customers"), reverse("customers")), (str(customer), customer.get_absolute_url())],
        "customer": customer,
        "cancel_url": customer.get_absolute_url(),
    }


# --- Consent ----------------------------------------------------------------------------------------------------------


@permission_required(VIEW_CONSENT, raise_exception=True)
def consent_page(request: HttpRequest, pk: int) -> HttpResponse:
    """How things stand with a customer's consent, all that was said, and a form for what is said now."""
    customer = _customer(request, pk)
    form = ConsentForm(request.POST or None, now=timezone.now()) if request.user.has_perm(ADD_CONSENT) else None
    if request.method == "POST":
        if form is None:
            return HttpResponse(status=403)
        if form.is_valid():
            record_consent(customer=customer, recorded_by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            messages.success(request, _("The consent was noted."))
            return redirect("consent", pk)
    context = _page(customer, _("Consent")) | {
        "form": form,
        "states": consent_table(consent_state(customer)),
        "history": consent_history(customer),
    }
    return render(request, "customers/consent.html", context, status=422 if form and form.is_bound else 200)


# A mail program that ends a subscription with one click (RFC 8058) has neither a session nor a cookie to hold a CSRF
# token. Nothing here rests on a session either: the signed token in the address is the only right there is.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Say what a link would end, and end it on a POST only: scanners of mail open every link that they see."""
    try:
        subscription = subscription_of(token)
    except BadLink:
        return _unlisted(_unsubscribe_page(request, None, done=False, status=404))
    done = request.method == "POST"
    if done:
        unsubscribe(subscription=subscription, at=timezone.now())
    return _unlisted(_unsubscribe_page(request, subscription, done=done))


def _unsubscribe_page(
    request: HttpRequest, subscription: Subscription | None, *, done: bool, status: int = 200
) -> HttpResponse:
    context = {
        "page_title": _("Unsubscribe"),
        "company": Company.of(request),
        "subscription": subscription,
        "done": done,
    }
    return render(request, "customers/unsubscribe.html", context, status=status)


def _unlisted(response: HttpResponse) -> HttpResponse:
    """The address is a secret: it goes to no other site, no cache and no search engine.

    To this site it does go: without an origin the language could not be changed here.
    """
    response["Referrer-Policy"] = "same-origin"
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


# --- Messages ---------------------------------------------------------------------------------------------------------


@permission_required(WRITE_MESSAGE, raise_exception=True)
def message_write(request: HttpRequest, pk: int) -> HttpResponse:
    """Choose a template, see it with the customer's data, change it, send it."""
    customer = _customer(request, pk)
    choice = TemplateChoice(request.GET if "template" in request.GET else None)
    template = choice.cleaned_data["template"] if choice.is_bound and choice.is_valid() else None
    context = _page(customer, _("Write an e-mail")) | {"choice": choice, "template": template}
    if template is None:
        context["has_templates"] = MessageTemplate.objects.exists()
        return render(request, "customers/message.html", context, status=422 if choice.is_bound else 200)
    draft = draft_for(customer, template, company=Company.of(request), writer=request.user)  # type: ignore[arg-type]
    form = _message_form(request, draft)
    if request.method == "POST" and form.is_valid() and _sent(request, form, customer, template):
        messages.success(request, _("The e-mail is on its way; the contact moments tell when it was sent."))
        return redirect(customer)
    verdict = may_contact(customer, channel=Channel.EMAIL, purpose=template.purpose, at=timezone.now())
    context |= {"form": form, "draft": draft, "verdict": verdict}
    return render(request, "customers/message.html", context, status=422 if form.is_bound else 200)


def _message_form(request: HttpRequest, draft: Draft) -> MessageForm:
    initial = {"subject": draft.subject, "body": draft.body, "key": new_key()}
    return MessageForm(request.POST or None, initial=initial)


def _sent(request: HttpRequest, form: MessageForm, customer: Customer, template: MessageTemplate) -> bool:
    try:
        write_message(
            customer=customer,
            purpose=template.purpose,
            written_by=request.user,  # type: ignore[arg-type]
            at=timezone.now(),
            site=request.build_absolute_uri("/"),
            **form.cleaned_data,
        )
    except MayNotContact as refusal:
        form.refuse(refusal.verdict.words)
        return False
    return True


# --- Documents --------------------------------------------------------------------------------------------------------


@permission_required(VIEW_DOCUMENTS, raise_exception=True)
def documents_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The documents of a customer, and a form to add one."""
    customer = _customer(request, pk)
    may_add = request.user.has_perm(ADD_DOCUMENT)
    form = DocumentForm(request.POST or None, request.FILES or None) if may_add else None
    if request.method == "POST":
        if form is None:
            return HttpResponse(status=403)
        if form.is_valid():
            file = form.cleaned_data["file"]
            attach(customer=customer, name=file.name, content=file, uploaded_by=request.user)  # type: ignore[arg-type]
            messages.success(request, _("The document was added."))
            return redirect("documents", pk)
    context = _page(customer, _("Documents")) | {
        "form": form,
        "documents": documents_table(customer, removable=request.user.has_perm(DELETE_DOCUMENT)),
    }
    return render(request, "customers/documents.html", context, status=422 if request.method == "POST" else 200)


def _document(request: HttpRequest, pk: int) -> Attachment:
    return get_object_or_404(Attachment.objects.visible_to(request.user).select_related("customer"), pk=pk)


@permission_required(VIEW_DOCUMENTS, raise_exception=True)
@require_safe
def document_download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A document as a download: a browser never shows it, whatever is in it."""
    document = _document(request, pk)
    try:
        content = document.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(
        content, as_attachment=True, filename=document.name, content_type="application/octet-stream"
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


@permission_required(DELETE_DOCUMENT, raise_exception=True)
def document_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a document, after asking once more."""
    document = _document(request, pk)
    if request.method == "POST":
        remove(attachment=document)
        messages.success(request, _("The document was deleted."))
        return redirect("documents", document.customer_id)
    context = _page(document.customer, _("Delete a document")) | {
        "confirm_text": _("Delete “%(name)s” from the file of %(customer)s? This cannot be undone.")
        % {"name": document.name, "customer": document.customer},
        "confirm_label": _("Delete"),
        "confirm_tone": "danger",
        "cancel_url": reverse("documents", args=[document.customer_id]),
    }
    return render(request, "generic/confirm.html", context)
