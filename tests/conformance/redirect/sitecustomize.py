"""On the path of a program that uses Tencent's tencentserverless 0.1.7, whose endpoint is written in its source.

Leads the official SDK's HttpProfile to the local SCF that ``TENCENTSERVERLESS_ENDPOINT_URL`` names. Runs on 2.7 too.
"""

import os

from tencentcloud.common.profile.http_profile import HttpProfile

_scheme, _, _address = os.environ["TENCENTSERVERLESS_ENDPOINT_URL"].partition("://")
_init = HttpProfile.__init__


def _init_redirected(self, *args, **options):
    _init(self, *args, **options)
    self.endpoint = _address
    self.protocol = self.scheme = _scheme


HttpProfile.__init__ = _init_redirected
