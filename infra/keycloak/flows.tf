# The steps of a sign-in. Terraform knows no recursion: three levels, and a declaration with a fourth is refused.

locals {
  flows = { for flow in local.declared.flows : flow.alias => flow }

  level1 = flatten([
    for flow in local.declared.flows : [
      for at, step in flow.steps : { parent = flow.alias, at = at, step = step }
    ]
  ])
  level2 = flatten([
    for one in local.level1 : [
      for at, step in try(one.step.steps, []) : { parent = one.step.flow, at = at, step = step }
    ]
  ])
  level3 = flatten([
    for one in local.level2 : [
      for at, step in try(one.step.steps, []) : { parent = one.step.flow, at = at, step = step }
    ]
  ])

  checks = {
    for one in concat(local.level1, local.level2, local.level3) :
    "${one.parent}/${one.at}" => one if can(one.step.authenticator)
  }
}

resource "keycloak_authentication_flow" "flow" {
  for_each = local.flows

  realm_id    = keycloak_realm.halle.id
  alias       = each.key
  description = try(each.value.description, "")

  lifecycle {
    precondition {
      condition     = !anytrue([for one in local.level3 : can(one.step.flow)])
      error_message = "The declaration has a fourth level of steps: add it to flows.tf."
    }
  }
}

resource "keycloak_authentication_subflow" "first" {
  for_each = { for one in local.level1 : one.step.flow => one if can(one.step.flow) }

  realm_id          = keycloak_realm.halle.id
  parent_flow_alias = keycloak_authentication_flow.flow[each.value.parent].alias
  alias             = each.key
  requirement       = each.value.step.requirement
  priority          = each.value.at
}

resource "keycloak_authentication_subflow" "second" {
  for_each = { for one in local.level2 : one.step.flow => one if can(one.step.flow) }

  realm_id          = keycloak_realm.halle.id
  parent_flow_alias = keycloak_authentication_subflow.first[each.value.parent].alias
  alias             = each.key
  requirement       = each.value.step.requirement
  priority          = each.value.at
}

resource "keycloak_authentication_execution" "step" {
  for_each = local.checks

  realm_id          = keycloak_realm.halle.id
  parent_flow_alias = each.value.parent
  authenticator     = each.value.step.authenticator
  requirement       = each.value.step.requirement
  priority          = each.value.at

  depends_on = [
    keycloak_authentication_flow.flow,
    keycloak_authentication_subflow.first,
    keycloak_authentication_subflow.second,
  ]
}

resource "keycloak_authentication_execution_config" "step" {
  for_each = { for name, one in local.checks : name => one if can(one.step.config) }

  realm_id     = keycloak_realm.halle.id
  execution_id = keycloak_authentication_execution.step[each.key].id
  alias        = replace(each.key, "/", " ")
  config       = each.value.step.config
}
