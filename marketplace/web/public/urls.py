from django.urls import path

from marketplace.web.public import logos, territories, views

urlpatterns = [
    path("", views.home, name="home"),
    path("mes-places/", views.places, name="places"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("territoires/", territories.territory_search, name="territory_search"),
    path("territoires/<slug:kind>/<slug:code>/", territories.territory, name="territory"),
    path("communes/", views.commune_suggestions, name="commune_suggestions"),
    path("halles/<slug:operator>/", views.storefront, name="storefront"),
    path("halles/<slug:operator>/couleurs.css", views.operator_stylesheet, name="operator_stylesheet"),
    path("halles/<slug:operator>/logo.png", logos.operator_logo, name="operator_logo"),
    path("halles/<slug:operator>/services/<slug:service>/", views.service, name="service"),
]
