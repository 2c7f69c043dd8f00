"""How an error of the API prints."""

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentserverless import scf

try:
    scf.invoke("nobody", region="ap-guangzhou")
except TencentCloudSDKException as e:
    print(e)
