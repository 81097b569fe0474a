"""Choosing a service of one's own shelf inside Wagtail."""

from wagtail.admin.views.generic.chooser import ChooseResultsView, ChooseView
from wagtail.admin.viewsets.chooser import ChooserViewSet

from marketplace.pages.desks import operators_of


class _OwnShelves:
    """What is on the shelves of the operators whose pages this person writes."""

    def get_object_list(self):
        found = self.model_class.objects.filter(operator__in=operators_of(self.request.user))
        return found.order_by("offer__product__sheet__name", "operator__short_name", "pk")


class OwnChooseView(_OwnShelves, ChooseView):
    pass


class OwnChooseResultsView(_OwnShelves, ChooseResultsView):
    pass


class ListingChooserViewSet(ChooserViewSet):
    model = "pages.ServiceOnShelf"
    icon = "list-ul"
    choose_one_text = "Choisir un service"
    choose_another_text = "Choisir un autre service"
    choose_view_class = OwnChooseView
    choose_results_view_class = OwnChooseResultsView


listing_chooser = ListingChooserViewSet("services_au_catalogue")
