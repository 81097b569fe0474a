# An office of a member: one object in a bucket.
terraform {
  required_providers {
    store = { source = "halle/store" }
  }
  # Whatever a module says of its state, Halle keeps it where it keeps them all.
  backend "local" {}
}

variable "instance" { type = string }
variable "organisation_name" { type = string }
variable "siren" { type = string }
variable "options" { type = list(string) }
variable "counts" { type = map(number) }
variable "suspended" { type = bool }
variable "store" { type = string }

variable "wait" {
  type    = number
  default = 0
}

variable "token" {
  type      = string
  sensitive = true
  default   = ""
}

resource "store_object" "office" {
  url  = "${var.store}/${var.instance}.json"
  wait = var.wait
  content = jsonencode({
    siren     = var.siren
    name      = var.organisation_name
    options   = var.options
    counts    = var.counts
    suspended = var.suspended
  })

  lifecycle {
    precondition {
      condition     = nonsensitive(var.token) != "leaks-into-errors"
      error_message = "The token ${nonsensitive(var.token)} is refused."
    }
  }
}

output "url" {
  value = "https://office.example/${var.instance}"
}

output "hidden" {
  value     = "https://office.example/?token=${var.token}"
  sensitive = true
}
