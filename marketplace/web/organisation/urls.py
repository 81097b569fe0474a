"""Pages about an organisation itself, whatever it is here: member, operator, vendor, or all three."""

urlpatterns: list = []
