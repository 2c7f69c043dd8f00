# -*- coding: utf8 -*-

import os

from tencentserverless import scf
from tencentserverless.scf import Client
from tencentserverless.exception import TencentServerlessSDKException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

def main_handler(event, context):
    print("prepare to invoke a function!")
    scf = Client(secret_id=os.environ["TENCENTCLOUD_SECRET_ID"],secret_key=os.environ["TENCENTCLOUD_SECRET_KEY"],region="ap-guangzhou",token=" ")# 替换为您的 secret_id 和 secret_key
    try:
        # data = scf.invoke('FuncInvoked',data={"a":"b"})
        data = scf.FuncInvoked(data={"a":"b"})
        print (data)
    except TencentServerlessSDKException as e:
        print (e)
    except TencentCloudSDKException as e:
        print (e)
    except Exception as e:
        print (e)
    return "Already invoked a function!" # return

main_handler("","")
