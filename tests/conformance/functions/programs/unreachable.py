"""What a caller of 0.1.7 sees when nobody listens."""

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentserverless import scf

try:
    print(scf.invoke("echo"))
except TencentCloudSDKException as e:
    print(e.get_code())
