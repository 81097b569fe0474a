"""The words of each operator's storefront."""

from demo.seed.operators import BODIES
from marketplace.pages.storefronts import keep_storefront


def make_storefronts(*, operators: dict) -> None:
    for body in BODIES:
        keep_storefront(operator=operators[body.slug], welcome=body.welcome, introduction=body.introduction)
