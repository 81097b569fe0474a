"""Pages of an operator's staff: <operator> is its slug (marketplace.web.access.operator_view)."""

from django.urls import path

from marketplace.web.operator import (
    billing,
    college_views,
    dashboard,
    invoices,
    member_imports,
    mergers,
    settings,
    tasks,
)

urlpatterns = [
    path("", dashboard.home, name="operator_home"),
    path("abonnements/", dashboard.subscriptions, name="operator_subscriptions"),
    path("adherents/import/", member_imports.import_list, name="operator_member_imports"),
    path("adherents/import/modele.csv", member_imports.template, name="operator_member_import_template"),
    path("adherents/import/<uuid:public_id>/", member_imports.detail, name="operator_member_import"),
    path(
        "adherents/import/<uuid:public_id>/avancement/",
        member_imports.progress,
        name="operator_member_import_progress",
    ),
    path(
        "adherents/import/<uuid:public_id>/confirmer/",
        member_imports.confirm,
        name="operator_member_import_confirm",
    ),
    path(
        "adherents/import/<uuid:public_id>/abandonner/",
        member_imports.abandon,
        name="operator_member_import_abandon",
    ),
    path(
        "adherents/import/<uuid:public_id>/ecartees.csv",
        member_imports.rejected,
        name="operator_member_import_rejected",
    ),
    path("ouvertures/", tasks.task_list, name="operator_tasks"),
    path("ouvertures/<int:step>/faite/", tasks.mark_done, name="operator_task_done"),
    path("ouvertures/<int:step>/reessayer/", tasks.try_again, name="operator_task_retry"),
    path("fusions/", mergers.merger_list, name="operator_mergers"),
    path("fusions/<int:change>/", mergers.merger, name="operator_merger"),
    path("facturation/", billing.run_list, name="operator_runs"),
    path("facturation/<uuid:public_id>/", billing.run, name="operator_run"),
    path("facturation/<uuid:public_id>/avancement/", billing.run_progress, name="operator_run_progress"),
    path("facturation/<uuid:public_id>/approuver/", billing.approve, name="operator_run_approve"),
    path("factures/", invoices.invoice_list, name="operator_invoices"),
    path("factures/<uuid:public_id>/", invoices.detail, name="operator_invoice"),
    path("factures/<uuid:public_id>/reessayer/", invoices.try_again, name="operator_invoice_retry"),
    path("factures/<uuid:public_id>/facture.pdf", invoices.file, name="operator_invoice_file"),
    path("titres/", invoices.titres, name="operator_titres"),
    path("titres.csv", invoices.titres_csv, name="operator_titres_csv"),
    path("reglages/", settings.identity, name="operator_settings"),
    path("reglages/vitrine/", settings.storefront, name="operator_settings_storefront"),
    path("reglages/vitrine/logo/", settings.set_logo, name="operator_logo_set"),
    path("reglages/vitrine/logo/retirer/", settings.remove_logo, name="operator_logo_remove"),
    path("reglages/statuts/", settings.statutes, name="operator_settings_statutes"),
    path("reglages/facturation/", settings.billing, name="operator_settings_billing"),
    path("reglages/facturation/tva/", settings.add_vat_position, name="operator_vat_position_add"),
    path("reglages/colleges/", college_views.college_list, name="operator_colleges"),
    path("reglages/colleges/<int:college>/", college_views.college, name="operator_college"),
    path("reglages/colleges/<int:college>/retirer/", college_views.remove, name="operator_college_remove"),
]
