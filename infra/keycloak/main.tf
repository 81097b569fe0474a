# The realm of Halle by Terraform. What it is to be is said once, in sso/keycloak/realms/halle.yaml, which
# `manage.py apply_realm` applies too: use the one or the other. `terraform plan` shows what differs.

locals {
  # `!given NAME` stands for a value: here its name, looked up where it is used.
  declared = yamldecode(replace(file("${path.module}/../../sso/keycloak/realms/halle.yaml"), "!given ", ""))
  realm    = local.declared.realm
  given    = nonsensitive(merge(var.given, { CLIENT_SECRET = "", PROCONNECT_CLIENT_SECRET = "" }))
  provider = one(local.declared.identityProviders)
  client   = one(local.declared.clients)
}

resource "keycloak_realm" "halle" {
  realm                         = local.given[local.realm.realm]
  enabled                       = local.realm.enabled
  display_name                  = local.realm.displayName
  ssl_required                  = local.realm.sslRequired
  organizations_enabled         = local.realm.organizationsEnabled
  attributes                    = local.realm.attributes
  terraform_deletion_protection = true

  registration_allowed     = local.realm.registrationAllowed
  reset_password_allowed   = local.realm.resetPasswordAllowed
  remember_me              = local.realm.rememberMe
  edit_username_allowed    = local.realm.editUsernameAllowed
  login_with_email_allowed = local.realm.loginWithEmailAllowed
  duplicate_emails_allowed = local.realm.duplicateEmailsAllowed
  verify_email             = local.realm.verifyEmail
  password_policy          = local.realm.passwordPolicy

  access_code_lifespan        = "${local.realm.accessCodeLifespan}s"
  access_token_lifespan       = "${local.realm.accessTokenLifespan}s"
  sso_session_idle_timeout    = "${local.realm.ssoSessionIdleTimeout}s"
  sso_session_max_lifespan    = "${local.realm.ssoSessionMaxLifespan}s"
  client_session_idle_timeout = "${local.realm.clientSessionIdleTimeout}s"
  client_session_max_lifespan = "${local.realm.clientSessionMaxLifespan}s"
  revoke_refresh_token        = local.realm.revokeRefreshToken
  refresh_token_max_reuse     = local.realm.refreshTokenMaxReuse
  default_signature_algorithm = local.realm.defaultSignatureAlgorithm

  internationalization {
    supported_locales = local.realm.internationalizationEnabled ? local.realm.supportedLocales : []
    default_locale    = local.realm.defaultLocale
  }

  otp_policy {
    type          = local.realm.otpPolicyType
    algorithm     = local.realm.otpPolicyAlgorithm
    digits        = local.realm.otpPolicyDigits
    period        = local.realm.otpPolicyPeriod
    code_reusable = local.realm.otpPolicyCodeReusable
  }

  web_authn_passwordless_policy {
    passwordless_passkeys_enabled = local.realm.webAuthnPolicyPasswordlessPasskeysEnabled
    user_verification_requirement = local.realm.webAuthnPolicyPasswordlessUserVerificationRequirement
    discoverable_credential       = local.realm.webAuthnPolicyPasswordlessResidentKey
  }

  security_defenses {
    headers {
      content_security_policy   = local.realm.browserSecurityHeaders.contentSecurityPolicy
      x_frame_options           = local.realm.browserSecurityHeaders.xFrameOptions
      strict_transport_security = local.realm.browserSecurityHeaders.strictTransportSecurity
      referrer_policy           = local.realm.browserSecurityHeaders.referrerPolicy
    }

    # Provided that the declaration asks for the protection at all: the block is what turns it on.
    dynamic "brute_force_detection" {
      for_each = local.realm.bruteForceProtected ? [local.realm] : []

      content {
        permanent_lockout                = brute_force_detection.value.permanentLockout
        max_login_failures               = brute_force_detection.value.failureFactor
        wait_increment_seconds           = brute_force_detection.value.waitIncrementSeconds
        max_failure_wait_seconds         = brute_force_detection.value.maxFailureWaitSeconds
        failure_reset_time_seconds       = brute_force_detection.value.maxDeltaTimeSeconds
        quick_login_check_milli_seconds  = brute_force_detection.value.quickLoginCheckMilliSeconds
        minimum_quick_login_wait_seconds = brute_force_detection.value.minimumQuickLoginWaitSeconds
      }
    }
  }
}

resource "keycloak_realm_events" "halle" {
  realm_id                     = keycloak_realm.halle.id
  events_enabled               = local.realm.eventsEnabled
  events_expiration            = local.realm.eventsExpiration
  admin_events_enabled         = local.realm.adminEventsEnabled
  admin_events_details_enabled = local.realm.adminEventsDetailsEnabled
  events_listeners             = ["jboss-logging"]
}

resource "keycloak_authentication_bindings" "halle" {
  realm_id     = keycloak_realm.halle.id
  browser_flow = keycloak_authentication_flow.flow[local.realm.browserFlow].alias
}

# --- What clients are told of an agent ------------------------------------------------------------

resource "keycloak_openid_client_scope" "scope" {
  for_each = { for scope in local.declared.clientScopes : scope.name => scope }

  realm_id               = keycloak_realm.halle.id
  name                   = each.key
  description            = each.value.description
  include_in_token_scope = tobool(each.value.attributes["include.in.token.scope"])
}

resource "keycloak_generic_protocol_mapper" "claim" {
  for_each = merge([
    for scope in local.declared.clientScopes : {
      for mapper in scope.protocolMappers : "${scope.name}/${mapper.name}" => merge(mapper, { scope = scope.name })
    }
  ]...)

  realm_id        = keycloak_realm.halle.id
  client_scope_id = keycloak_openid_client_scope.scope[each.value.scope].id
  name            = each.value.name
  protocol        = each.value.protocol
  protocol_mapper = each.value.protocolMapper
  # What Keycloak adds by itself, said so that no plan finds it.
  config = merge({ "introspection.token.claim" = "false" }, each.value.config)
}

# --- ProConnect -----------------------------------------------------------------------------------

resource "keycloak_oidc_identity_provider" "proconnect" {
  realm        = keycloak_realm.halle.id
  alias        = local.provider.alias
  display_name = local.provider.displayName
  provider_id  = local.provider.providerId
  enabled      = local.provider.enabled
  trust_email  = local.provider.trustEmail
  store_token  = local.provider.storeToken
  link_only    = local.provider.linkOnly

  first_broker_login_flow_alias = keycloak_authentication_flow.flow[local.provider.firstBrokerLoginFlowAlias].alias

  client_id     = local.given[local.provider.config.clientId]
  client_secret = var.given[local.provider.config.clientSecret]

  issuer             = local.given[local.provider.describedBy]
  authorization_url  = var.proconnect.authorization_endpoint
  token_url          = var.proconnect.token_endpoint
  user_info_url      = var.proconnect.userinfo_endpoint
  jwks_url           = var.proconnect.jwks_uri
  logout_url         = var.proconnect.end_session_endpoint
  validate_signature = true

  default_scopes        = local.provider.config.defaultScope
  backchannel_supported = tobool(local.provider.config.backchannelSupported)
  sync_mode             = local.provider.config.syncMode

  extra_config = merge(
    { metadataDescriptorUrl = "${local.given[local.provider.describedBy]}/.well-known/openid-configuration" },
    {
      for name in ["clientAuthMethod", "forwardParameters", "pkceEnabled", "disableNonce"] :
      name => local.provider.config[name]
    },
  )
}

resource "keycloak_custom_identity_provider_mapper" "claim" {
  for_each = { for mapper in local.provider.mappers : mapper.name => mapper }

  realm                    = keycloak_realm.halle.id
  identity_provider_alias  = keycloak_oidc_identity_provider.proconnect.alias
  name                     = each.key
  identity_provider_mapper = each.value.identityProviderMapper
  extra_config             = each.value.config
}

# --- Halle itself ---------------------------------------------------------------------------------

resource "keycloak_openid_client" "halle" {
  realm_id                  = keycloak_realm.halle.id
  client_id                 = local.given[local.client.clientId]
  name                      = local.client.name
  enabled                   = local.client.enabled
  access_type               = local.client.publicClient ? "PUBLIC" : "CONFIDENTIAL"
  client_authenticator_type = local.client.clientAuthenticatorType
  client_secret             = var.given[local.client.secret]

  standard_flow_enabled        = local.client.standardFlowEnabled
  implicit_flow_enabled        = local.client.implicitFlowEnabled
  direct_access_grants_enabled = local.client.directAccessGrantsEnabled
  service_accounts_enabled     = local.client.serviceAccountsEnabled
  full_scope_allowed           = local.client.fullScopeAllowed
  frontchannel_logout_enabled  = local.client.frontchannelLogout

  root_url                        = local.client.rootUrl
  web_origins                     = local.client.webOrigins
  valid_redirect_uris             = local.given[local.client.redirectUris]
  valid_post_logout_redirect_uris = split("##", local.given[local.client.attributes["post.logout.redirect.uris"]])
  backchannel_logout_url          = local.given[local.client.attributes["backchannel.logout.url"]]

  backchannel_logout_session_required        = tobool(local.client.attributes["backchannel.logout.session.required"])
  backchannel_logout_revoke_offline_sessions = tobool(local.client.attributes["backchannel.logout.revoke.offline.tokens"])
  pkce_code_challenge_method                 = local.client.attributes["pkce.code.challenge.method"]
  use_refresh_tokens                         = tobool(local.client.attributes["use.refresh.tokens"])
  exclude_session_state_from_auth_response   = tobool(local.client.attributes["exclude.session.state.from.auth.response"])

  extra_config = {
    "user.info.response.signature.alg" = local.client.attributes["user.info.response.signature.alg"]
  }
}

resource "keycloak_openid_client_default_scopes" "halle" {
  realm_id       = keycloak_realm.halle.id
  client_id      = keycloak_openid_client.halle.id
  default_scopes = local.client.defaultClientScopes
  depends_on     = [keycloak_openid_client_scope.scope]
}

resource "keycloak_openid_client_optional_scopes" "halle" {
  realm_id        = keycloak_realm.halle.id
  client_id       = keycloak_openid_client.halle.id
  optional_scopes = local.client.optionalClientScopes
  depends_on      = [keycloak_openid_client_default_scopes.halle]
}
