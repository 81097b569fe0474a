"""Which SPDX licences are free software: those a French public body meets.

Source: the SPDX licence list (spdx.org/licenses), columns "OSI approved" and "FSF free/libre"; a licence is
here when one of the two says yes. license-expression knows the names of licences, not whether they are free.
"""

FREE = frozenset({
    "0BSD", "AFL-3.0", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-1.1", "Apache-2.0", "Artistic-2.0",
    "BSD-2-Clause", "BSD-2-Clause-Patent", "BSD-3-Clause", "BSD-3-Clause-Clear", "BSL-1.0", "CC0-1.0",
    "CDDL-1.0", "CECILL-2.0", "CECILL-2.1", "CECILL-B", "CECILL-C", "CPAL-1.0", "ECL-2.0", "EFL-2.0",
    "EPL-1.0", "EPL-2.0", "EUPL-1.1", "EUPL-1.2", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "ISC", "LGPL-2.1-only", "LGPL-2.1-or-later", "LGPL-3.0-only", "LGPL-3.0-or-later",
    "LiLiQ-P-1.1", "LiLiQ-R-1.1", "LiLiQ-Rplus-1.1", "MIT", "MIT-0", "MPL-1.1", "MPL-2.0",
    "MPL-2.0-no-copyleft-exception",
    "MS-PL", "MS-RL", "MulanPSL-2.0", "NCSA", "OFL-1.1", "OSL-3.0", "PHP-3.01", "PostgreSQL", "Python-2.0",
    "UPL-1.0", "Unlicense", "Vim", "W3C", "WTFPL", "Zlib", "ZPL-2.1",
})  # fmt: skip
