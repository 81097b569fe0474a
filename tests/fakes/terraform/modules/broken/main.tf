# It says something else than Terraform understands.
resource "nothing" {
