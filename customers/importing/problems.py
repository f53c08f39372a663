"""Why a file or a row is not taken, and what to do: codes in the database, sentences in the reader's language."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.context import JobProblem


@dataclass(frozen=True)
class Reason:
    """Why a row was rejected, and what its sender can do."""

    sentence: Promise
    remedy: Promise


REASONS = {
    "missing_value": Reason(_("The cell is empty."), _("Fill in the cell.")),
    "bad_date": Reason(
        _("This is not a date, or not one written as expected."),
        _("Write dates as 2026-11-22, with a four-digit year; or say with dates=dmy that the day comes first."),
    ),
    "future_date": Reason(
        _("The day has not come yet."), _("Correct the date; orders are imported once they are made.")
    ),
    "not_a_number": Reason(
        _("This is not a number."),
        _("Write digits only, without currency sign; or say with decimal=comma that decimals follow a comma."),
    ),
    "ambiguous_number": Reason(
        _("The comma may separate decimals or thousands."),
        _("Say which with decimal=comma or decimal=point."),
    ),
    "too_many_decimals": Reason(
        _("The number has more decimals than can be kept exactly."),
        _("Round it: quantities to 3 decimals, unit prices and costs to 6, amounts and discounts to 2."),
    ),
    "too_large": Reason(_("The number is too large."), _("Check the number; perhaps two cells have run together.")),
    "zero_quantity": Reason(_("The quantity is zero."), _("Leave the row out, or give the quantity.")),
    "negative_price": Reason(
        _("The price is below zero."), _("Write a return as a negative quantity at a positive price.")
    ),
    "negative_cost": Reason(_("The unit cost is below zero."), _("Give what one unit cost, as a positive number.")),
    "bad_discount": Reason(
        _("The discount does not fit its line."),
        _("Give the amount taken off the line: positive on a sale, negative on a return, never more than the line."),
    ),
    "unknown_currency": Reason(
        _("There is no such currency."), _("Write the three letters of the ISO code, such as EUR.")
    ),
    "rate_missing": Reason(
        _("The order is in a foreign currency and its exchange rate is missing."),
        _("Add the exchange rate: how much of the house currency one unit of the order's currency was worth."),
    ),
    "bad_rate": Reason(
        _("This is not an exchange rate."),
        _("Give a number greater than zero; an order in the house currency has none, or 1."),
    ),
    "unknown_subscription": Reason(
        _("This does not tell whether the order begins or renews a subscription."),
        _("Write start or renewal; yes stands for a renewal, no or nothing for an order of any other kind."),
    ),
    "too_long": Reason(
        _("The text is longer than can be kept."),
        _("Shorten it: order numbers to 60 characters, references and codes to 40."),
    ),
    "invisible_character": Reason(
        _("The text contains an invisible character, which would make it differ from its look-alikes."),
        _("Type the cell again."),
    ),
    "nul_character": Reason(
        _("The row contains a NUL character."), _("Export the file again; this row was damaged on its way.")
    ),
    "cell_too_long": Reason(
        _("A cell is longer than 10,000 characters."),
        _("Check the quotation marks around it; perhaps many cells have run together."),
    ),
    "spreadsheet_error": Reason(
        _("The cell holds an error of the spreadsheet."), _("Correct the formula, or empty the cell.")
    ),
    "open_quote": Reason(
        _("A quotation mark is opened and not closed in this row."),
        _("Close the quotation mark, or double it where it belongs to the text."),
    ),
    "wrong_column_count": Reason(
        _("The row does not have as many columns as the header."),
        _("Put texts that contain the separator between quotation marks."),
    ),
    "text_too_long": Reason(_("The text is longer than can be kept."), _("Shorten it.")),
    "bad_email": Reason(
        _("This is not an e-mail address."), _("Write it as name@example.com, or empty the cell if it is not known.")
    ),
    "bad_phone": Reason(_("This is not a phone number."), _("Write its digits, or empty the cell if it is not known.")),
    "unknown_kind": Reason(
        _("There is no such kind of customer."), _("Write person, household or company.")
    ),
    "unknown_language": Reason(_("There is no such language."), _("Write English or French, en or fr.")),
    "unknown_channel": Reason(
        _("There is no such channel."), _("Write it as on screen, such as phone, e-mail, letter or visit.")
    ),
    "unknown_owner": Reason(
        _("Nobody of the staff is known by this, or several are."),
        _("Write the user name or e-mail address of a member of staff, or empty the cell."),
    ),
    "unknown_source": Reason(
        _("There is no such acquisition source."), _("Add it in the administration, or write one that is there.")
    ),
    "unknown_touchpoint": Reason(
        _("There is no such touchpoint."), _("Add it in the administration, or write one that is there.")
    ),
    "unknown_direction": Reason(
        _("This does not tell who contacted whom."), _("Write inbound, outbound or observed.")
    ),
    "unknown_result": Reason(
        _("There is no such result."), _("Write reached, not reached, to be followed up or settled.")
    ),
    "unknown_sentiment": Reason(_("There is no such sentiment."), _("Write unhappy, neutral or happy.")),
    "unknown_choice": Reason(
        _("The field does not offer this choice."), _("Write one of its choices, or have this one added.")
    ),
    "not_yes_no": Reason(_("This is neither yes nor no."), _("Write yes or no.")),
    "future_day": Reason(_("The day has not come yet."), _("Correct the date.")),
    "future_moment": Reason(
        _("This has not happened yet."), _("Correct the time; contact moments are imported once they are over.")
    ),
    "below_zero": Reason(_("The number is below zero."), _("Give a number of zero or more.")),
    "no_key": Reason(
        _("The cell by which the customer is recognised is empty."),
        _("Fill it in, or recognise customers by something else."),
    ),
    "repeated_row": Reason(
        _("An earlier row of the file is about the same customer."), _("Keep one row for each customer.")
    ),
    "not_found": Reason(
        _("No customer that you may change is known by this."),
        _("Correct the cell, or ask whoever looks after this customer."),
    ),
    "ambiguous_key": Reason(
        _("Several customers are known by this."), _("Recognise customers by their reference, or merge these.")
    ),
    "reference_taken": Reason(
        _("Another customer has this reference."), _("Give each customer a reference of its own.")
    ),
    "member_not_found": Reason(
        _("No household or company is known by this reference or name."),
        _("Correct it, or import the household or company first."),
    ),
    "member_ambiguous": Reason(
        _("Several households or companies are known by this name."), _("Write its reference instead.")
    ),
    "customer_not_found": Reason(
        _("No customer that you may see is known by this."),
        _("Correct the cell, or import the customer first."),
    ),
    "person_not_found": Reason(
        _("The customer has no contact person or member with this reference."), _("Correct it, or empty the cell.")
    ),
    "order_contradiction": Reason(
        _("An earlier row gives this order another customer, day or currency."),
        _("Give each order a number of its own, or make its rows agree."),
    ),
    "duplicate_order": Reason(
        _("An order with this number is already here, with other content."),
        _("Give the order another number, or correct the order that is here."),
    ),
}  # fmt: skip


def reason_for(code: str) -> Reason:
    """The sentence and remedy of a code; a code of an older version stands for itself."""
    return REASONS.get(code) or Reason(_("The row could not be taken."), _("Check the row."))


class ImportProblem(JobProblem):
    """A file from which nothing was imported: the sentence says what, where, and what to do."""

    def __init__(self, code: str, **values: str | int | float) -> None:
        super().__init__(PROBLEMS[code], **values)
        self.code = code

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, in the active language."""
        return gettext(self.message) % self.values


PROBLEMS = {
    "not_found": _("There is no readable file at %(path)s. Check the name and the rights."),
    "upload_gone": _("The uploaded file is no longer kept. Upload it again."),
    "empty": _("The file is empty. Export it again."),
    "no_rows": _("The file has a header line and no rows. Export it again."),
    "too_large": _("The file is larger than %(limit)s GB when unpacked. Split it into several files."),
    "damaged": _("The compressed file is damaged: it cannot be unpacked to its end. Send it again."),
    "spreadsheet": _("This spreadsheet cannot be read. Save it as CSV (UTF-8) or as XLSX and import that."),
    "not_text": _("This is not a text file. Export the rows as CSV and import that."),
    "encoding_unknown": _(
        "Line %(line)s of the file is not UTF-8, and its encoding could not be recognised. "
        "Save it as CSV (UTF-8), or name the encoding in the mapping, such as encoding=cp1252."
    ),
    "encoding_wrong": _(
        "Line %(line)s cannot be read as %(encoding)s. Save the file as CSV (UTF-8), or name its encoding "
        "in the mapping, such as encoding=cp1252."
    ),
    "unknown_encoding": _("There is no encoding called %(encoding)s. Try encoding=cp1252 or encoding=utf-8."),
    "unknown_key": _("The mapping has no field or option called %(key)s. Known are: %(known)s."),
    "unknown_mapping": _(
        "There is no mapping called %(name)s. Use auto, cdnow or online-retail, "
        "or name the columns: customer=…,date=…,quantity=…,unit_price=…"
    ),
    "unknown_option": _("The mapping gives %(key)s=%(value)s. Possible are: %(known)s."),
    "given_twice": _("The mapping gives %(key)s twice. Give it once."),
    "incomplete_mapping": _(
        "The mapping does not say which column holds %(fields)s. The columns of the file are: %(columns)s."
    ),
    "key_unnamed": _(
        "No column is named as %(key)s, by which customers are to be recognised. Name it, or choose another way."
    ),
    "name_unnamed": _("No column is named as the name, which every new customer needs."),
    "member_unnamed": _("No column is named as the company or household that new contact persons belong to."),
    "changed_file": _("The file is not the one whose columns were named. Upload it again."),
    "no_longer_allowed": _("Whoever asked for this import may no longer do so. Nothing was imported."),
    "price_twice": _("The mapping names both unit_price and amount. Name one of them."),
    "rate_without_currency": _(
        "The mapping names an exchange rate and no currency. Name the column of the currency too."
    ),
    "missing_column": _("Line %(line)s has no column called %(missing)s. The columns of the file are: %(columns)s."),
    "repeated_column": _("Line %(line)s has several columns called %(column)s. Give each its own name."),
    "unsure": _(
        "The columns could not be told from their names: %(missing)s. The columns of the file are: %(columns)s. "
        "Name them in the mapping: customer=…,date=…,quantity=…,unit_price=…"
    ),
    "not_cdnow": _(
        "Line %(line)s is not as in the CDNOW files: a customer, a day as 19970101, a number of CDs and an amount, "
        "separated by blanks. Choose another mapping."
    ),
    "dates_ambiguous": _(
        "The dates, such as %(value)s in line %(line)s, do not tell whether day or month comes first. "
        "Add dates=dmy or dates=mdy to the mapping."
    ),
    "decimal_ambiguous": _(
        "The numbers, such as %(value)s in line %(line)s, do not tell whether the comma separates decimals or "
        "thousands. Add decimal=comma or decimal=point to the mapping."
    ),
}  # fmt: skip
