variable "given" {
  description = "What the declaration is given, as `manage.py apply_realm --values` writes it."
  sensitive   = true
  type = object({
    REALM                    = string
    CLIENT_ID                = string
    CLIENT_SECRET            = string
    REDIRECT_URIS            = list(string)
    POST_LOGOUT_URIS         = string # as Keycloak lists them: separated by ##
    BACKCHANNEL_LOGOUT_URI   = string
    PROCONNECT_ISSUER        = string
    PROCONNECT_CLIENT_ID     = string
    PROCONNECT_CLIENT_SECRET = string
  })
}

variable "proconnect" {
  description = "The addresses that the issuer of ProConnect publishes (/.well-known/openid-configuration)."
  type = object({
    authorization_endpoint = string
    token_endpoint         = string
    userinfo_endpoint      = string
    jwks_uri               = string
    end_session_endpoint   = string
  })
}
