"""Choosing a service of one's own shelf inside Wagtail."""

from wagtail.admin.views.generic.chooser import ChooseResultsView, ChooseView, ChosenMultipleView, ChosenView
from wagtail.admin.viewsets.chooser import ChooserViewSet

from marketplace.pages.desks import operators_of


class _OwnShelves:
    """What is on the shelves of the operators whose pages this person writes."""

    def get_object_list(self):
        found = self.model_class.objects.filter(operator__in=operators_of(self.request.user))
        return found.order_by("offer__product__sheet__name", "operator__short_name", "pk")


class OwnChosenView(_OwnShelves, ChosenView):
    def get_object(self, pk):
        return self.get_object_list().get(pk=pk)


class OwnChosenMultipleView(_OwnShelves, ChosenMultipleView):
    def get_objects(self, pks):
        return self.get_object_list().filter(pk__in=pks)


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
    chosen_view_class = OwnChosenView
    chosen_multiple_view_class = OwnChosenMultipleView


listing_chooser = ListingChooserViewSet("services_au_catalogue")
