"""The shop of `shop.py` with its goods in two families, for the matrix."""

from customers.models import Product
from customers.tests.factories import ProductFamilyFactory
from profitability.tests.shop import Shop


class ShopOfFamilies(Shop):
    """The shop, with its goods in two families: what costs 8 or 12 is paper, everything else pens."""

    def __init__(self) -> None:
        super().__init__()
        self.paper, self.pens = ProductFamilyFactory(name="Paper"), ProductFamilyFactory(name="Pens")
        goods = Product.objects.filter(kind=Product.Kind.GOODS)
        goods.update(family=self.pens)
        goods.filter(lines__unit_cost__in=(8, 12)).update(family=self.paper)
