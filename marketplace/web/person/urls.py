"""Pages of a person about herself."""

from django.urls import path

from marketplace.web.person import data, joining, relinking

urlpatterns = [
    path("", data.my_data, name="my_data"),
    path("copie/", data.ask_for_copy, name="my_data_copy"),
    path("copie/<uuid:copy>/", data.download_copy, name="my_data_file"),
    path("rejoindre/", joining.ask, name="my_join"),
    path("retrouver/", relinking.ask, name="my_relink"),
    path("effacement/", data.erase_me, name="my_data_erase"),
]
