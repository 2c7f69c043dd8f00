"""Every name by which SCF is reached: for these the local SCF has a certificate, and to these alone its proxy leads.

Sources: cloud.tencent.com/document/api/583/17237 (request structure), 58400 and 17243 (regions, now and in 2023), and
the root domains of Tencent's SDKs; ``common.intl`` is that of the international one.
"""

from tencentserverless._core import wire

_REGIONS = (
    "ap-bangkok ap-beijing ap-chengdu ap-chongqing ap-guangzhou ap-guangzhou-open ap-hongkong ap-jakarta ap-mumbai "
    "ap-nanjing ap-seoul ap-shanghai ap-singapore ap-tokyo eu-frankfurt na-ashburn na-siliconvalley na-toronto "
    "sa-saopaulo"
).split()

HTTPS_PORT = 443
SCF_HOSTS = (
    wire.PUBLIC_HOST,
    wire.INTERNAL_HOST,
    "scf.intl.tencentcloudapi.com",
    "scf.common.intl.tencentcloudapi.com",
    *(wire.REGIONAL_HOST.format(region=region) for region in (*_REGIONS, *wire.FINANCE_REGIONS)),
)
