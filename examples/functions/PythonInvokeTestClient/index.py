# -*- coding: utf8 -*-

import os

from tencentserverless import scf
from tencentserverless.scf import Client
from tencentserverless.exception import TencentServerlessSDKException
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

def main_handler(event, context):
    #scf = Client(region="ap-guangzhou") # 使用该方法进行 Client 连接，请在函数配置中启用“运行角色”功能，并选择具有调用函数权限的运行角色。
    scf = Client(secret_id=os.environ["TENCENTCLOUD_SECRETID"],secret_key=os.environ["TENCENTCLOUD_SECRETKEY"],region="ap-guangzhou",token=os.environ["TENCENTCLOUD_SESSIONTOKEN"])# 使用该方法进行 Client 连接，请将 secret_id 和 secret_key 替换为您的 secret_id 和 secret_key，该组密钥需要包含调用函数的权限。
    print("prepare to invoke a function!")
    try:
        data = scf.invoke('FuncInvoked',data={"a": "b"})
        # data = scf.FuncInvoked(data={"a": "b"}) #使用Python原生调用方式，需要首先通过Client进行初始化
        print (data)
    except TencentServerlessSDKException as e:
        print (e)
    except TencentCloudSDKException as e:
        print (e)
    except Exception as e:
        print (e)
    return "Already invoked a function!" # return
