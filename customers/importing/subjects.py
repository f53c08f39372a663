"""What files can be about besides orders: customers, contact persons and contact moments, with their fields."""

from collections.abc import Callable, Iterable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from customers import custom_fields
from customers.importing.mappings import ORDERS, Subject, bare
from customers.importing.problems import ImportProblem
from customers.models.custom_field import CustomField
from customers.models.customer import Customer
from customers.models.imports import Import
from customers.models.moment import ContactMoment

Kind, Mode, Key = Import.Kind, Import.Mode, Import.Key
Check = Callable[[Dictionary[str, str], str], None]

# Fields with the names that headers give them (English, French), as `bare` writes them. Names on screen, in both
# languages, are added to these.
_CUSTOMER_REFERENCES = (
    "customerid customerno customernumber customercode customerref customerreference clientid idclient codeclient "
    "refclient referenceclient numeroclient numclient noclient nclient numerodeclient"
)
_IDENTITY = {
    "reference": f"ref {_CUSTOMER_REFERENCES} id code number numero",
    "name": "lastname familyname surname fullname customername clientname nom nomdefamille nomclient nomduclient "
    "nomcomplet",
    "given_name": "firstname forename prenom prenoms",
    "email": "emailaddress mail courriel adresseemail adressemail adresseelectronique adressecourriel mel",
    "phone": "phonenumber telephone tel mobile mobilephone portable telephonenumber numerodetelephone notelephone gsm "
    "telportable telmobile telfixe",
    "street": "address address1 streetaddress addressline1 rue adresse adresse1 adressepostale voie numeroetrue",
    "postal_code": "postcode zip zipcode codepostal cp",
    "city": "town ville commune localite",
    "country": "countrycode countryname pays codepays",
    "language": "lang langue",
    "birth_date": "birthdate birthday dob naissance datenaissance datedenaissance anniversaire",
    "preferred_channel": "canal canalprefere channel",
    "best_time": "",
    "needs": "notes note comment comments remarks commentaire commentaires remarque remarques besoins",
    "owner": "accountmanager salesperson salesrep responsable commercial proprietaire vendeur",
    "source": "leadsource origin origine provenance",
    "acquired_on": "customersince clientdepuis",
    "acquisition_cost": "",
}
_COMPANY_NAMES = "companyname company organisation organization raisonsociale societe entreprise denomination"
_MEMBER_NAMES = "memberof membrede household foyer parent"
CUSTOMER_FIELDS = {
    **_IDENTITY,
    "name": f"{_IDENTITY['name']} {_COMPANY_NAMES}",
    "kind": "customertype typeclient typedeclient type nature categoriedeclient",
    "member_of": _MEMBER_NAMES,
}
PERSON_FIELDS = {**_IDENTITY, "member_of": f"{_MEMBER_NAMES} {_COMPANY_NAMES} customer client account compte"}
MOMENT_FIELDS = {
    "customer": f"{_CUSTOMER_REFERENCES} customer client reference ref",
    "email": _IDENTITY["email"],
    "phone": _IDENTITY["phone"],
    "name": f"customername clientname nomclient nomduclient {_COMPANY_NAMES}",
    "touchpoint": "type kind contacttype typedecontact pointdecontact channel canal via submittedvia recupar",
    "occurred_at": "date datetime day when moment time occurredat occurredon datereceived receivedon received jour "
    "quand dateheure dateetheure heure datedereception recule",
    "direction": "sens inout",
    "minutes": "duration durationminutes length duree dureeminutes dureeenminutes",
    "employee": "user agent staff employe utilisateur conseiller collaborateur responsable",
    "person": "contact contactperson interlocuteur personnedecontact",
    "summary": "note notes text comment comments subject issue description resume texte objet commentaire commentaires",
    "result": "outcome status resultat statut",
    "sentiment": "mood humeur satisfaction",
    "external_id": "id externalid momentid identifiant idexterne numero number",
}
_MOMENT_LABELS: Dictionary[str, str | Promise] = {
    "customer": _("Reference of the customer"),
    "email": _("E-mail address of the customer"),
    "phone": _("Phone of the customer"),
    "name": _("Name of the customer"),
    "person": _("Reference of the person spoken with"),
    "external_id": _("Number of the contact moment elsewhere"),
}
# What finds the customer of a contact moment; of several cells that are filled in, the first.
FINDS_CUSTOMER = ("customer", "email", "phone", "name")
KEY_FIELDS: Dictionary[str, str] = {
    Key.REFERENCE: "reference",
    Key.EMAIL: "email",
    Key.PHONE: "phone",
    Key.NAME: "name",
}


@dataclass(frozen=True)
class Wish:
    """What is to be done with the rows of a file: new ones, known ones, and by what they are known."""

    kind: str
    mode: str = Mode.BOTH
    key: str = Key.REFERENCE

    @property
    def of_moments(self) -> bool:
        return self.kind == Kind.MOMENTS


def subject_of(kind: str, further: Iterable[CustomField] | None = None) -> Subject:
    """What the rows of a file of this kind are about (1 query, for the company's own fields, unless they are given)."""
    if kind == Kind.ORDERS:
        return ORDERS
    if kind == Kind.MOMENTS:
        return _subject(MOMENT_FIELDS, _check_moments, dates=("occurred_at",), numbers=("minutes",))
    own = list(custom_fields.fields() if further is None else further)
    names = {field.code: custom_fields.PREFIX + field.code for field in own}
    fields = dict(CUSTOMER_FIELDS if kind == Kind.CUSTOMERS else PERSON_FIELDS)
    fields |= {names[field.code]: " ".join(map(bare, (field.code, field.name, field.name_fr))) for field in own}
    return _subject(
        fields,
        _check_customers,
        dates=("birth_date", "acquired_on", *(names[field.code] for field in own if field.kind == field.Kind.DATE)),
        numbers=("acquisition_cost", *(names[field.code] for field in own if field.kind == field.Kind.NUMBER)),
    )


def _subject(
    fields: Dictionary[str, str], check: Check, *, dates: tuple[str, ...], numbers: tuple[str, ...]
) -> Subject:
    """Our own names come first: what another field may also be called never wins over them."""
    own = {name: _names_on_screen(name, of_moments="touchpoint" in fields) for name in fields}
    taken = {word for words in own.values() for word in words.split()}
    words = {
        name: " ".join([own[name], *(word for word in others.split() if word not in taken)])
        for name, others in fields.items()
    }
    return Subject(words, check, dates, numbers, doubtful_dates="dmy", doubtful_decimal="comma")


def names_companies(column: str) -> bool:
    """Whether a column of names is called as only names of companies are."""
    return bare(column) in _COMPANY_NAMES.split()


def label(field: str, *, of_moments: bool, further: Iterable[CustomField] = ()) -> str | Promise:
    """What a field is called on screen."""
    if field.startswith(custom_fields.PREFIX):
        return next((own.label for own in further if custom_fields.PREFIX + own.code == field), field)
    if of_moments and field in _MOMENT_LABELS:
        return _MOMENT_LABELS[field]
    model = ContactMoment if of_moments else Customer
    return capfirst(str(model._meta.get_field(field).verbose_name))  # type: ignore[union-attr]


def _names_on_screen(field: str, *, of_moments: bool) -> str:
    names = []
    for language, _name in settings.LANGUAGES:
        with override(language):
            if not field.startswith(custom_fields.PREFIX):
                names.append(bare(str(label(field, of_moments=of_moments))))
    return " ".join(names)


# --- What a file must tell --------------------------------------------------------------------------------------------


def _check_customers(columns: Dictionary[str, str], known: str) -> None:
    if not set(columns) & set(KEY_FIELDS.values()):
        raise ImportProblem("incomplete_mapping", fields="reference, name", columns=known)


def _check_moments(columns: Dictionary[str, str], known: str) -> None:
    missing = [name for name in ("touchpoint", "occurred_at") if name not in columns]
    if not set(columns) & set(FINDS_CUSTOMER):
        missing.insert(0, "customer")
    if missing:
        raise ImportProblem("incomplete_mapping", fields=", ".join(missing), columns=known)


def check_wish(wish: Wish, columns: Iterable[str]) -> None:
    """Refuse columns by which what is wished cannot be done."""
    if wish.of_moments:
        return
    if KEY_FIELDS[wish.key] not in columns:
        raise ImportProblem("key_unnamed", key=KEY_FIELDS[wish.key])
    if wish.mode != Mode.UPDATE and "name" not in columns:
        raise ImportProblem("name_unnamed")
    if wish.mode != Mode.UPDATE and wish.kind == Kind.PERSONS and "member_of" not in columns:
        raise ImportProblem("member_unnamed")


def usual_key(columns: Iterable[str]) -> str:
    """By what customers of a file with these columns are best recognised."""
    return next((key for key, field in KEY_FIELDS.items() if field in columns), Key.REFERENCE)
