"""Pages of the platform's staff."""

urlpatterns: list = []
