"""A vendor's services and their sheets, behind its door."""

from django.urls import path

from marketplace.web.vendor import (
    connection,
    directory,
    keys,
    services,
    sheet_edit,
    sheet_history,
    sheet_import,
    sheet_preview,
    sheet_publish,
    sign_in,
)

urlpatterns = [
    path("nouveau/", services.new, name="vendor_service_new"),
    path("<slug:slug>/", services.service, name="vendor_service"),
    path("<slug:slug>/modifier/<slug:section>/", sheet_edit.edit, name="vendor_service_edit"),
    path("<slug:slug>/publiccode/", sheet_import.publiccode, name="vendor_service_import"),
    path("<slug:slug>/agents/", directory.directory, name="vendor_directory"),
    path("<slug:slug>/agents/essayer/", directory.try_out, name="vendor_directory_try"),
    path("<slug:slug>/connexion/", sign_in.sign_in, name="vendor_sign_in"),
    path("<slug:slug>/cles/", keys.key_list, name="vendor_keys"),
    path("<slug:slug>/cles/<int:key>/supprimer/", keys.end, name="vendor_key_end"),
    path("<slug:slug>/apercu/", sheet_preview.preview, name="vendor_service_preview"),
    path("<slug:slug>/raccordement/", connection.connection, name="vendor_connection"),
    path("<slug:slug>/raccordement/catalogue/", connection.catalogue, name="vendor_catalogue"),
    path("<slug:slug>/raccordement/essayer/", connection.try_out, name="vendor_kit_ask"),
    path("<slug:slug>/raccordement/essais/<uuid:public_id>/", connection.kit_run, name="vendor_kit_run"),
    path(
        "<slug:slug>/raccordement/essais/<uuid:public_id>/avancement/",
        connection.kit_progress,
        name="vendor_kit_progress",
    ),
    path("<slug:slug>/historique/", sheet_history.history, name="vendor_service_history"),
    path("<slug:slug>/historique/comparer/", sheet_history.compare, name="vendor_service_compare"),
    path(
        "<slug:slug>/historique/<int:revision>/reprendre/",
        sheet_history.restore,
        name="vendor_service_restore",
    ),
    path("<slug:slug>/publier/", sheet_publish.publish, name="vendor_service_publish"),
    path("<slug:slug>/publier/annuler/", sheet_publish.cancel_plan, name="vendor_service_unplan"),
    path(
        "<slug:slug>/envois/<uuid:public_id>/retirer/",
        sheet_publish.take_back,
        name="vendor_submission_cancel",
    ),
]
