"""Pages of an operator's staff: <operator> is its slug (marketplace.web.access.operator_view)."""

from django.urls import path

from marketplace.web.operator import billing, college_views, dashboard, invoices, mergers, settings, tasks

urlpatterns = [
    path("", dashboard.home, name="operator_home"),
    path("abonnements/", dashboard.subscriptions, name="operator_subscriptions"),
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
