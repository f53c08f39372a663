"""Which column of a file means what: the presets, columns named one by one, and what a header suggests."""

import re
from collections.abc import Callable
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace
from functools import cached_property

from crm_site.lib.text import normalise
from customers.importing.problems import ImportProblem
from customers.models.order import Product

# Each field that an order row can have, with the names that headers give it (English, French), as `bare` writes them.
ORDER_FIELDS = {
    "order": "order orderno ordernumber orderid orderref invoice invoiceno invoicenumber invoiceid commande "
    "numerocommande numerodecommande nocommande ncommande numcommande facture numerofacture numerodefacture "
    "nofacture nfacture",
    "customer": "customer customerid customerno customernumber customerref customerreference customercode client "
    "clientid idclient codeclient refclient referenceclient numeroclient noclient nclient",
    "customer_name": "customername clientname nomclient nomduclient raisonsociale",
    "date": "date day orderdate orderday orderedon invoicedate purchasedate jour datecommande datedecommande "
    "datefacture datedefacture datedefacturation dateachat datedachat",
    "sku": "sku stockcode productcode productid productref itemcode itemid article codearticle refarticle "
    "referencearticle codeproduit refproduit referenceproduit ean",
    "product": "product productname description item itemname produit nomproduit nomduproduit designation libelle "
    "libellearticle libelleproduit",
    "quantity": "quantity qty units quantite qte nombre",
    "unit_price": "unitprice price priceperunit prixunitaire prixunitaireht prix puht pu",
    "amount": "amount total linetotal lineamount totalprice montant montantht montantligne totalligne totalht",
    "discount": "discount discountamount remise rabais montantremise",
    "unit_cost": "unitcost costprice cost coutunitaire prixderevient coutderevient cout",
    "currency": "currency currencycode devise codedevise monnaie",
    "exchange_rate": "exchangerate rate tauxdechange tauxchange cours",
    "country": "country pays",
    "subscription": "subscription renewal isrenewal renewed abonnement renouvellement reconduction contract contrat",
}
OPTIONS = {"dates": ("iso", "dmy", "mdy"), "decimal": ("point", "comma"), "delimiter": (), "encoding": ()}
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

_GOODS = Product.Kind.GOODS
_PLACE = re.compile(r"#\d{1,5}", re.ASCII)


@dataclass(frozen=True)
class Layout:
    """A way in which order files are written."""

    name: str
    # Field to column name; empty until a header was seen.
    columns: Dictionary[str, str] = field(default_factory=dict)
    # Begins the order numbers that are made for files that have none.
    prefix: str = "ROW"
    # What rows without a product are about: code and name.
    product: tuple[str, str] = ("UNSPECIFIED", "")
    # Codes that are no products, in capitals.
    kinds: Dictionary[str, str] = field(default_factory=dict)
    # Columns by position and separated by blanks; the header, if any, tells nothing.
    blanks: bool = False

    def kind_of(self, code: str) -> str:
        """What kind of thing a product code stands for."""
        return self.kinds.get(code.upper(), _GOODS)


COLUMNS = Layout("columns")
CDNOW = Layout("cdnow", prefix="CDNOW", product=("CDNOW-CD", "CD"), blanks=True)
# PADS («pads to match all cushions») is a real article sold for next to nothing, though lists of codes name it.
ONLINE_RETAIL = Layout(
    "online-retail",
    columns={
        "order": "InvoiceNo",
        "sku": "StockCode",
        "product": "Description",
        "quantity": "Quantity",
        "date": "InvoiceDate",
        "unit_price": "UnitPrice",
        "customer": "CustomerID",
        "country": "Country",
    },
    kinds={
        "POST": Product.Kind.DELIVERY,
        "DOT": Product.Kind.DELIVERY,
        "C2": Product.Kind.DELIVERY,
        "D": Product.Kind.DISCOUNT,
        "M": Product.Kind.ADJUSTMENT,
        "S": Product.Kind.ADJUSTMENT,
        "BANK CHARGES": Product.Kind.FEE,
        "AMAZONFEE": Product.Kind.FEE,
        "CRUK": Product.Kind.FEE,
        "B": Product.Kind.BAD_DEBT,
    },
)


@dataclass(frozen=True)
class Subject:
    """What the rows of a file are about, and by which names headers call their fields."""

    # Field to names, separated by blanks, as `bare` writes them.
    fields: Dictionary[str, str]
    # Refuses columns that do not tell enough; the second argument lists those of the file.
    check: Callable[[Dictionary[str, str], str], None]
    dates: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    layouts: Dictionary[str, Layout] = field(default_factory=dict)
    # How dates and numbers are read where the file leaves it open; empty: then it is refused.
    doubtful_dates: str = ""
    doubtful_decimal: str = ""
    # Whether two columns that mean the same are refused; otherwise the first counts.
    strict: bool = False

    @cached_property
    def meanings(self) -> Dictionary[str, str]:
        """What a name in a header means; a name that several fields claim means the first of them."""
        meanings: dict[str, str] = {}
        for name, words in self.fields.items():
            for word in (*words.split(), bare(name)):
                meanings.setdefault(word, name)
        return meanings


@dataclass(frozen=True)
class Mapping:
    """What its sender says about a file; whatever is empty is found out from the file."""

    layout: Layout | None = None
    dates: str = ""
    decimal: str = ""
    delimiter: str = ""
    encoding: str = ""

    def __str__(self) -> str:
        """The same mapping as it is written on a command line."""
        if self.layout is None:
            parts = ["auto"]
        elif self.layout.name == "columns":
            parts = [f"{name}={column}" for name, column in self.layout.columns.items()]
        else:
            parts = [self.layout.name]
        named = {sign: name for name, sign in DELIMITERS.items()}
        options = {name: getattr(self, name) for name in OPTIONS} | {
            "delimiter": named.get(self.delimiter, self.delimiter)
        }
        return ",".join([*parts, *(f"{name}={value}" for name, value in options.items() if value)])


def parse_mapping(text: str, subject: Subject | None = None, *, whole: bool = True) -> Mapping:
    """Read a mapping: `auto`, a preset, or `field=Column,…`; each with options such as `dates=dmy,decimal=comma`.

    A column is called by its name, or by its place: `#3`. Without a subject the rows are about orders. Unless it is
    whole, as while somebody still says what the columns hold, it need not tell enough for an import.
    """
    subject = subject or ORDERS
    name, pairs = _split(text.strip() or "auto")
    given: dict[str, str] = {}
    for key, value in pairs:
        if key in given:
            raise ImportProblem("given_twice", key=key)
        if key not in subject.fields and key not in OPTIONS:
            raise ImportProblem("unknown_key", key=key[:60], known=", ".join([*subject.fields, *OPTIONS]))
        given[key] = value
    columns = {key: value for key, value in given.items() if key in subject.fields}
    layout = _layout(name, columns, subject)
    if columns and whole:
        subject.check(columns, ", ".join(columns.values()))
    options = {key: _option(key, given[key]) for key in OPTIONS if given.get(key)}
    return replace(Mapping(layout), **options)  # type: ignore[arg-type]


def _split(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A leading name, and key=value pairs; a comma inside a column's name does not separate."""
    parts = re.split(r",(?=\s*\w+\s*=)", text)
    name = "" if "=" in parts[0] else parts.pop(0).strip()
    pairs = (part.partition("=") for part in parts)
    return name, [(key.strip(), value.strip()) for key, _, value in pairs]


def _layout(name: str, columns: dict[str, str], subject: Subject) -> Layout | None:
    if name in subject.layouts and not columns:
        return subject.layouts[name]
    if name not in {"", "auto", "columns"} or (name in subject.layouts and columns):
        raise ImportProblem("unknown_mapping", name=name[:60])
    if not columns:
        return None
    return replace(COLUMNS, columns=columns)


def check_order_fields(columns: Dictionary[str, str], known: str) -> None:
    """Refuse fields from which no order could be made."""
    missing = [name for name in ("customer", "date") if name not in columns]
    if "unit_price" not in columns and "amount" not in columns:
        missing.append("unit_price")
    if missing:
        raise ImportProblem("incomplete_mapping", fields=", ".join(missing), columns=known)
    if "unit_price" in columns and "amount" in columns:
        raise ImportProblem("price_twice")
    if "exchange_rate" in columns and "currency" not in columns:
        raise ImportProblem("rate_without_currency")


ORDERS = Subject(
    fields=ORDER_FIELDS,
    check=check_order_fields,
    dates=("date",),
    numbers=("quantity", "unit_price", "amount", "discount", "unit_cost", "exchange_rate"),
    layouts={layout.name: layout for layout in (CDNOW, ONLINE_RETAIL)},
    strict=True,
)


def _option(key: str, value: str) -> str:
    if key == "delimiter":
        value = DELIMITERS.get(value, value)
        if value not in DELIMITERS.values():
            raise ImportProblem("unknown_option", key=key, value=value[:60], known=", ".join(DELIMITERS))
    elif key == "decimal":
        value = {",": "comma", ".": "point"}.get(value, value)
    if OPTIONS[key] and value not in OPTIONS[key]:
        raise ImportProblem("unknown_option", key=key, value=value[:60], known=", ".join(OPTIONS[key]))
    return value


# --- What a header suggests -------------------------------------------------------------------------------------------


def bare(text: str) -> str:
    """The letters and digits of a name, by which names of columns are compared."""
    return re.sub(r"[^a-z0-9]", "", normalise(text))


def suggest(header: list[str], subject: Subject = ORDERS) -> Layout:
    """The layout that the names of the columns tell.

    Orders are refused when the names do not tell enough, or two things.
    """
    for layout in subject.layouts.values():
        if layout.columns and set(layout.columns.values()) <= set(header):
            return layout
    columns: dict[str, str] = {}
    for place, column in enumerate(header, start=1):
        meaning = subject.meanings.get(bare(column))
        if meaning is None:
            continue
        if meaning not in columns:
            columns[meaning] = column if subject.strict else f"#{place}"
        elif subject.strict:
            raise ImportProblem("unsure", missing=f"{meaning} ({columns[meaning]}, {column})", columns=listed(header))
    return _checked_orders(columns, header) if subject is ORDERS else replace(COLUMNS, columns=columns)


def _checked_orders(columns: dict[str, str], header: list[str]) -> Layout:
    if "unit_price" in columns:
        columns.pop("amount", None)
    if "currency" not in columns:
        columns.pop("exchange_rate", None)
    try:
        check_order_fields(columns, listed(header))
    except ImportProblem as problem:
        raise ImportProblem("unsure", missing=str(problem.values["fields"]), columns=listed(header)) from None
    return replace(COLUMNS, columns=columns)


def position(column: str, header: list[str]) -> int | None:
    """Where a named column stands, by its exact name, its place, or else by the letters and digits of its name."""
    if column in header:
        return header.index(column)
    if _PLACE.fullmatch(column) and 0 < int(column[1:]) <= len(header):
        return int(column[1:]) - 1
    names = [bare(name) for name in header]
    return names.index(bare(column)) if bare(column) in names else None


def listed(header: list[str]) -> str:
    """Names of columns for a sentence, shortened where there are very many."""
    names = ", ".join(name.strip() or "–" for name in header)
    return names if len(names) <= 400 else f"{names[:400]}…"
