"""The demo's identity provider.

oidc-provider-mock still uses what Authlib has renamed; each start said so in six lines that nobody here can
act on. Authlib asks for "always" when it is imported, so the filter comes after.
"""

import warnings

from authlib.deprecate import AuthlibDeprecationWarning

warnings.filterwarnings("ignore", category=AuthlibDeprecationWarning)
