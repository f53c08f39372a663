"""E-mail from customers: each to its file, nothing twice, and no message that stops the others."""

import datetime as dt
from email.message import EmailMessage
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from customers.contacting import mail_in
from customers.contacting.mail_reading import LONGEST_TEXT, MOST_ATTACHMENTS, Unreadable, read_mail, without_markup
from customers.contacting.mailboxes import ImapBox, MailboxProblem
from customers.models import Attachment, ContactMoment, Customer
from customers.tests.factories import ContactMomentFactory, CustomerFactory, MessageFactory

SENT = "Tue, 30 Jun 2026 09:00:00 +0200"


def letter(**headers: str) -> EmailMessage:
    """An ordinary e-mail from Marie; None takes a header away."""
    mail = EmailMessage()
    values = {
        "From": "Marie Dupont <marie@example.com>",
        "Subject": "My parcel",
        "Date": SENT,
        "Message-ID": "<one@example.com>",
    }
    for name, value in (values | {name.replace("_", "-"): value for name, value in headers.items()}).items():
        if value:
            mail[name] = value
    mail.set_content("Where is it?")
    return mail


def put(box: Path, *contents: bytes | EmailMessage) -> None:
    (box / "new").mkdir(exist_ok=True)
    first = len(list(box.rglob("*.host*")))
    for number, content in enumerate(contents, start=first):
        (box / "new" / f"{number:04d}.host").write_bytes(content if isinstance(content, bytes) else content.as_bytes())


def fetch(box: Path, **options: Any) -> str:
    out = StringIO()
    call_command("fetch_mail", maildir=box, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def box(tmp_path: Path, db: None) -> Path:
    return tmp_path


@pytest.fixture
def marie(db: None) -> Customer:
    return CustomerFactory(email="Marie@Example.com")


# --- To whose file ----------------------------------------------------------------------------------------------------


def test_a_message_joins_the_file_of_its_sender(box: Path, marie: Customer) -> None:
    put(box, letter())
    assert fetch(box).startswith("1 taken in, 0 known already, 0 left")
    moment = ContactMoment.objects.get()
    assert (moment.customer, moment.direction, moment.touchpoint.channel) == (marie, "inbound", "email")
    assert (moment.summary, moment.needs_reply) == ("My parcel\n\nWhere is it?", True)
    assert moment.occurred_at == dt.datetime(2026, 6, 30, 7, tzinfo=dt.UTC)


def test_the_same_message_twice_adds_nothing(box: Path, marie: Customer) -> None:
    put(box, letter())
    fetch(box)
    put(box, letter())
    assert fetch(box).startswith("0 taken in, 1 known already, 0 left")
    assert ContactMoment.objects.count() == 1


def test_a_message_without_an_id_is_known_by_its_content(box: Path, marie: Customer) -> None:
    put(box, letter(Message_ID=""), letter(Message_ID=""), letter(Message_ID="", Subject="Another"))
    assert fetch(box).startswith("2 taken in, 1 known already")


@pytest.mark.parametrize("header", ["In_Reply_To", "References"])
def test_a_reply_joins_its_thread_whoever_wrote_it(box: Path, marie: Customer, header: str) -> None:
    thread = MessageFactory(message_id="<ours@example.com>")
    put(box, letter(**{header: "<unknown@example.com> <ours@example.com>"}))
    fetch(box)
    assert ContactMoment.objects.get().customer == thread.customer


def test_a_reply_to_a_message_that_was_taken_in_joins_it_too(box: Path) -> None:
    earlier = ContactMomentFactory(message_id="<earlier@example.com>")
    put(box, letter(In_Reply_To="<earlier@example.com>"))
    fetch(box)
    assert ContactMoment.objects.exclude(pk=earlier.pk).get().customer == earlier.customer


def test_a_contact_person_who_answers_for_a_company_is_named(box: Path, marie: Customer) -> None:
    company = CustomerFactory(kind="company")
    Customer.objects.filter(pk=marie.pk).update(member_of=company)
    MessageFactory(customer=company, message_id="<ours@example.com>")
    put(box, letter(In_Reply_To="<ours@example.com>"))
    fetch(box)
    moment = ContactMoment.objects.get()
    assert (moment.customer, moment.person) == (company, marie)


def test_who_is_unknown_or_not_one_stays_in_the_box_until_it_is_looked_at_again(box: Path) -> None:
    CustomerFactory.create_batch(2, email="twins@example.com")
    put(box, letter(), letter(From="twins@example.com", Message_ID="<two@example.com>"), letter(From="", Message_ID=""))
    report = fetch(box)
    assert report.startswith("0 taken in, 0 known already, 3 left")
    assert all(reason in report for reason in ("no customer has", "several customers", "no address of a sender"))
    assert fetch(box).startswith("0 taken in, 0 known already, 0 left")
    CustomerFactory(email="marie@example.com")
    assert fetch(box, again=True).startswith("1 taken in, 0 known already, 2 left")


def test_an_automatic_answer_waits_for_no_reply(box: Path, marie: Customer) -> None:
    put(box, letter(Auto_Submitted="auto-replied"))
    fetch(box)
    assert ContactMoment.objects.get().needs_reply is False


# --- One bad message --------------------------------------------------------------------------------------------------

DEEP = b"From: marie@example.com\n" + b"".join(
    b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(3000)
)
BAD = {
    "empty": b"",
    "no headers": b"\x00\xff\xfe garbage \x80" * 50,
    "deeply nested": DEEP,
    "unknown charset": b"From: marie@example.com\nContent-Type: text/plain; charset=x-martian\n\ncaf\xe9\x00",
    "wrong charset": b"From: marie@example.com\nContent-Type: text/plain; charset=ascii\n\ncaf\xe9",
    "broken encoded words": b"From: marie@example.com\nSubject: =?utf-8?b?!!!?= =?x-martian?q?=E9?=\n\nHello",
    "raw bytes in headers": b"From: Ren\xe9 <marie@example.com>\nSubject: caf\xe9 \x00\n\nHello",
    "broken base64": b"From: marie@example.com\nContent-Transfer-Encoding: base64\n\n=====!!!",
    "no end of parts": b'From: marie@example.com\nContent-Type: multipart/mixed; boundary="x"\n\n--x\n\nHello',
    "no boundary": b"From: marie@example.com\nContent-Type: multipart/mixed\n\nHello",
    "nonsense for a date": b"From: marie@example.com\nDate: Tue, 99 Foo 99999 99:99:99 +9999\n\nHello",
    "the year 1": b"From: marie@example.com\nDate: 1 Jan 0001 00:00:00 +2359\n\nHello",
    "endless id": b"From: marie@example.com\nMessage-ID: <" + b"x" * 5000 + b">\n\nHello",
    "nobody": b"From: undisclosed-recipients:;\n\nHello",
    "odd type": b"From: marie@example.com\nContent-Type: ;;;/=\n\nHello",
    "odd file name": b"From: marie@example.com\nContent-Disposition: attachment; filename*=x''%ff%00..%2F\n\nHello",
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_message_neither_stops_nor_hides_the_one_behind_it(box: Path, marie: Customer, kind: str) -> None:
    put(box, BAD[kind], letter())
    report = fetch(box)
    counted = [int(word) for word in report.split("\n")[0].replace(",", "").split() if word.isdigit()]
    assert sum(counted) == 2
    assert ContactMoment.objects.filter(message_id="<one@example.com>").exists()


def test_what_is_too_large_is_not_even_read(box: Path, marie: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_in, "LARGEST_MESSAGE", 1000)
    put(box, letter(Subject="x" * 2000), letter(Message_ID="<two@example.com>"))
    report = fetch(box)
    assert report.startswith("1 taken in, 0 known already, 1 left")
    assert "larger than" in report


@pytest.mark.parametrize("date", ["", "not a day", "Tue, 30 Jun 2099 09:00:00 +0200"])
def test_without_a_possible_date_it_happened_now(box: Path, marie: Customer, date: str) -> None:
    put(box, letter(Date=date))
    fetch(box)
    assert timezone.now() - ContactMoment.objects.get().occurred_at < dt.timedelta(minutes=1)


def test_a_fault_of_the_parser_is_one_unreadable_message(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(raw: bytes) -> None:
        raise IndexError

    monkeypatch.setattr("customers.contacting.mail_reading.message_from_bytes", fail)
    with pytest.raises(Unreadable):
        read_mail(b"")


# --- What is in it ----------------------------------------------------------------------------------------------------


def test_attachments_are_kept_under_names_that_hurt_nobody(box: Path, marie: Customer) -> None:
    mail = letter()
    mail.add_attachment(b"<script>", maintype="text", subtype="html", filename="../../etc/evil.html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="facture \u202efdp.exe")
    put(box, mail)
    fetch(box)
    names = sorted(Attachment.objects.values_list("name", flat=True))
    assert names == ["evil.html", "facture fdp.exe"]
    assert {attachment.moment for attachment in Attachment.objects.all()} == {ContactMoment.objects.get()}
    assert not any("evil" in attachment.file.name for attachment in Attachment.objects.all())


def test_more_attachments_than_are_kept_are_counted() -> None:
    mail = letter()
    for number in range(MOST_ATTACHMENTS + 2):
        mail.add_attachment(b"x", maintype="application", subtype="pdf", filename=f"{number}.pdf")
    read = read_mail(mail.as_bytes())
    assert (len(read.parts), read.parts_left_out) == (MOST_ATTACHMENTS, 2)


def test_a_long_text_is_cut() -> None:
    mail = letter()
    mail.set_content("word " * LONGEST_TEXT)
    assert len(read_mail(mail.as_bytes()).text) <= LONGEST_TEXT


def test_plain_text_is_preferred_to_markup() -> None:
    mail = letter()
    mail.add_alternative("<p>Rich</p>", subtype="html")
    assert read_mail(mail.as_bytes()).text == "Where is it?"


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two &amp; three</p>", "One\n\nTwo & three"),
        ("a<script>alert(1)</script>b", "ab"),
        ("<style>p{}</style>Hello<br>there", "Hello\nthere"),
        ("<img src=x onerror=alert(1)>Hello", "Hello"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "<script>alert(1)</script>"),
        ("<p>unclosed <b>bold", "unclosed bold"),
        ("<head><title>x</title></head><body>Hello</body>", "Hello"),
        ("<p>Bonjour, <b>où</b> est mon colis ?</p>", "Bonjour, où est mon colis ?"),
        ("<p>one<i> two</i>\n three</p><p>four</p>", "one two three\n\nfour"),
        ("<table><tr><td>CD</td><td>12,50</td></tr></table>", "CD 12,50"),
    ],
)
def test_markup_becomes_words(markup: str, text: str) -> None:
    assert without_markup(markup) == text


def test_what_a_message_says_is_text_on_the_page(box: Path, marie: Customer, visitor: Client) -> None:
    mail = letter(Subject="<script>alert(1)</script>")
    mail.set_content("&lt;img src=x onerror=alert(2)&gt; <b onclick=alert(3)>", subtype="html")
    put(box, mail)
    fetch(box)
    page = visitor.get(marie.get_absolute_url()).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page


# --- The box ----------------------------------------------------------------------------------------------------------


class Server:
    """As much of an IMAP server as taking in mail speaks to."""

    def __init__(self, *contents: bytes) -> None:
        self.mails = {str(uid): content for uid, content in enumerate(contents, start=1)}
        self.flags: dict[str, set[str]] = {uid: set() for uid in self.mails}

    def uid(self, command: str, *words: str) -> tuple[str, list[Any]]:
        if command == "SEARCH":
            unwanted = {r"(\Seen)"} | ({r"(\Flagged)"} if "UNFLAGGED" in words else set())
            return "OK", [" ".join(uid for uid, flags in self.flags.items() if not flags & unwanted).encode()]
        if command == "STORE":
            self.flags[words[0]].add(words[2])
            return "OK", [None]
        content = self.mails[words[0]]
        if "SIZE" in words[1]:
            return "OK", [f"1 (UID {words[0]} RFC822.SIZE {len(content)})".encode()]
        return "OK", [(f"1 (UID {words[0]} BODY[] {{{len(content)}}}".encode(), content), b")"]


def test_a_server_keeps_every_message_and_is_told_which_are_settled(marie: Customer) -> None:
    server = Server(letter().as_bytes(), letter(From="x@example.com", Message_ID="<x@x>").as_bytes())
    report = mail_in.fetch_mail(box=ImapBox(server), at=timezone.now())  # type: ignore[arg-type]
    assert [outcome.value for _, outcome in report.left] == ["unknown_sender"]
    assert server.flags == {"1": {r"(\Seen)"}, "2": {r"(\Flagged)"}}
    assert not mail_in.fetch_mail(box=ImapBox(server), at=timezone.now()).outcomes  # type: ignore[arg-type]


def test_a_server_that_says_no_is_a_problem_with_the_box(db: None) -> None:
    class Refusing(Server):
        def uid(self, command: str, *words: str) -> tuple[str, list[Any]]:
            return "NO", [None]

    with pytest.raises(MailboxProblem):
        mail_in.fetch_mail(box=ImapBox(Refusing()), at=timezone.now())  # type: ignore[arg-type]


def test_without_a_box_the_command_says_what_to_set(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="MAIL_IN_HOST"):
        call_command("fetch_mail")
    with pytest.raises(CommandError, match="not a folder"):
        call_command("fetch_mail", maildir=tmp_path / "nowhere")
