"""How an error of a function prints."""

from tencentserverless import scf
from tencentserverless.exception import TencentServerlessSDKException

try:
    print(scf.invoke("answer", region="ap-guangzhou", data={"do": "fail", "text": "why"}))
except TencentServerlessSDKException as e:
    print(e)
