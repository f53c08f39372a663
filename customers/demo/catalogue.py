"""What the demonstration shop sells, where its customers come from and where it meets them."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from customers.models import AcquisitionSource, Product, ProductFamily, Touchpoint
from customers.models.moment import Channel

ASSORTMENTS = 6
# What one disc of the history costs on average, in dollars; box sets hold several.
TYPICAL_PRICE = Decimal("15.46")


@dataclass(frozen=True)
class Source:
    """A way in which customers were won, and what each one won that way cost, in dollars."""

    name: str
    name_fr: str
    cost: str
    share: float
    company_share: float


@dataclass(frozen=True)
class Family:
    """A family of records: what they cost as a share of their price, and how much of an ordinary basket they fill."""

    code: str
    name: str
    name_fr: str
    cost_share: Decimal
    share: float
    price_factor: Decimal = Decimal(1)

    @property
    def loses(self) -> bool:
        return self.cost_share >= 1


@dataclass(frozen=True)
class Point:
    """A touchpoint of the shop's customer journey."""

    code: str
    name: str
    name_fr: str
    channel: Channel
    standard_minutes: str | None = None


SOURCES = (
    Source("Recommendation by a friend", "Recommandation d’un ami", "4.00", 0.22, 0.15),
    Source("Search on the web", "Recherche sur le web", "6.00", 0.24, 0.15),
    Source("Link on a music site", "Lien sur un site musical", "8.50", 0.18, 0.05),
    Source("Magazine advertisement", "Annonce dans un magazine", "14.00", 0.11, 0.10),
    Source("Radio advertisement", "Annonce à la radio", "17.50", 0.10, 0.05),
    Source("Direct mail", "Publipostage", "15.00", 0.08, 0.15),
    Source("Concert stand", "Stand de concert", "19.00", 0.06, 0.05),
    Source("Sales representative", "Représentant", "80.00", 0.01, 0.30),
)

FAMILIES = (
    Family("ROC", "Rock and pop", "Rock et pop", Decimal("0.50"), 0.36),
    Family("SOU", "Soul and R&B", "Soul et R&B", Decimal("0.49"), 0.11),
    Family("JAZ", "Jazz and blues", "Jazz et blues", Decimal("0.46"), 0.14),
    Family("CLA", "Classical", "Classique", Decimal("0.52"), 0.12),
    Family("ELE", "Electronic and dance", "Électronique et danse", Decimal("0.45"), 0.08),
    Family("FOL", "Folk and world", "Folk et musiques du monde", Decimal("0.60"), 0.06),
    Family("TRA", "Soundtracks", "Bandes originales", Decimal("0.54"), 0.06),
    Family("CHI", "Children", "Enfants", Decimal("0.44"), 0.03),
    Family("IMP", "Imports and rarities", "Imports et raretés", Decimal("1.06"), 0.03, Decimal("1.4")),
    Family("BOX", "Box sets", "Coffrets", Decimal("1.02"), 0.01, Decimal("2.5")),
)

JOURNEY = (
    Point("advert", "Advertisement seen", "Publicité vue", Channel.ADVERT),
    Point("newsletter", "Newsletter", "Lettre d’information", Channel.EMAIL),
    Point("mailing", "Printed catalogue", "Catalogue imprimé", Channel.LETTER),
    Point("browse", "Search on the website", "Recherche sur le site", Channel.WEBSITE),
    Point("listening", "Listening in the shop", "Écoute en magasin", Channel.SHOP, "6"),
    Point("visit", "Visit by our representative", "Visite de notre représentant", Channel.VISIT, "55"),
    Point("phone_order", "Order by phone", "Commande par téléphone", Channel.PHONE, "6"),
    Point("confirmation", "Order confirmation", "Confirmation de commande", Channel.EMAIL),
    Point("delivery", "Delivery", "Livraison", Channel.DELIVERY),
    Point("invoice", "Question about an invoice", "Question sur une facture", Channel.INVOICE, "7"),
    Point("call", "Question by phone", "Question par téléphone", Channel.PHONE, "8"),
    Point("email", "Question by e-mail", "Question par e-mail", Channel.EMAIL, "6"),
    Point("chat", "Chat with an adviser", "Discussion avec un conseiller", Channel.CHAT, "5"),
    Point("return", "Return enquiry", "Demande de retour", Channel.PHONE, "9"),
    Point("evening", "Listening evening", "Soirée d’écoute", Channel.EVENT),
)


def create_sources() -> list[AcquisitionSource]:
    """The acquisition sources, in the order of SOURCES; one that is here already is used as it is."""
    return [
        AcquisitionSource.objects.get_or_create(name=source.name, defaults={"name_fr": source.name_fr})[0]
        for source in SOURCES
    ]


def create_journey() -> dict[str, Touchpoint]:
    """The touchpoints by their code; one that is here already is used as it is."""
    found = {}
    for position, point in enumerate(JOURNEY, start=1):
        found[point.code], _ = Touchpoint.objects.get_or_create(
            name=point.name,
            defaults={
                "name_fr": point.name_fr,
                "channel": point.channel,
                "position": position,
                "standard_minutes": point.standard_minutes and Decimal(point.standard_minutes),
            },
        )
    return found


def create_products(rng: np.random.Generator) -> list[Product]:
    """ASSORTMENTS products for each family, in the order of FAMILIES; costs differ a little within a family."""
    products = []
    for family in FAMILIES:
        row, _ = ProductFamily.objects.get_or_create(name=family.name, defaults={"name_fr": family.name_fr})
        for number in range(1, ASSORTMENTS + 1):
            name = f"{family.name}, assortment {number:02d}"
            values = {"name": name, "family": row, "unit_cost": _unit_cost(family, rng)}
            products.append(Product.objects.update_or_create(sku=f"{family.code}-{number:02d}", defaults=values)[0])
    return products


def _unit_cost(family: Family, rng: np.random.Generator) -> Decimal:
    share = family.cost_share + Decimal(int(rng.integers(-40, 41))) / 1000
    return (TYPICAL_PRICE * family.price_factor * share).quantize(Decimal("0.0001"))


def cost_share(product: Product, family: Family) -> Decimal:
    """What the discs of a product cost as a share of what they are sold for."""
    assert product.unit_cost is not None
    return product.unit_cost / (TYPICAL_PRICE * family.price_factor)
