from django.urls import path

from marketplace.web.public import (
    comparison,
    editorial,
    logos,
    opendata,
    pictures,
    shelf,
    territories,
    views,
)

urlpatterns = [
    path("", views.home, name="home"),
    path("mes-places/", views.places, name="places"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("donnees-ouvertes/", opendata.open_data, name="open_data"),
    path("donnees-ouvertes/interface/", opendata.api_documentation, name="api_documentation"),
    path("catalogue/dcat.<slug:extension>", opendata.catalogue_dcat, name="catalogue_dcat"),
    path("catalogue/services.csv", opendata.services_csv, name="services_csv"),
    path("catalogue/operateurs.csv", opendata.operators_csv, name="operators_csv"),
    path("territoires/", territories.territory_search, name="territory_search"),
    path("territoires/<slug:kind>/<slug:code>/", territories.territory, name="territory"),
    path("communes/", views.commune_suggestions, name="commune_suggestions"),
    path("halles/<slug:operator>/", shelf.storefront, name="storefront"),
    path("halles/<slug:operator>/comparer/", comparison.compare, name="compare"),
    path("halles/<slug:operator>/couleurs.css", views.operator_stylesheet, name="operator_stylesheet"),
    path("halles/<slug:operator>/logo.png", logos.operator_logo, name="operator_logo"),
    path("halles/<slug:operator>/services/<slug:service>/", views.service, name="service"),
    path("halles/<slug:operator>/actualites/", editorial.news, name="hall_news"),
    path("halles/<slug:operator>/actualites/flux.xml", editorial.news_feed, name="hall_news_feed"),
    path("halles/<slug:operator>/actualites/<str:slug>/", editorial.news_item, name="hall_news_item"),
    path("halles/<slug:operator>/aide/", editorial.help_page, name="hall_help"),
    path("halles/<slug:operator>/aide/<str:slug>/", editorial.help_article, name="hall_help_article"),
    path("halles/<slug:operator>/mentions-legales/", editorial.legal, name="hall_legal"),
    path("halles/<slug:operator>/accessibilite/", editorial.accessibility, name="hall_accessibility"),
    path("images/<str:name>", pictures.picture, name="picture"),
]
