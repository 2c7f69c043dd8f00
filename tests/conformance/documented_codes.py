"""Which error codes the platform documents for which action, and for every action.

Transcribed from the comments of Tencent's Go SDK (scf/v20180416/client.go); where those were cut short, from its
errorcodes, whose lists of actions are cut short for general codes: UpdateFunctionConfiguration is taken to have those
that every other action on a function has. ``Category{a,b}`` stands for ``Category.a`` and ``Category.b``, ``(bare)``
for the category alone.
"""

import re

#: cloud.tencent.com/document/api/583/17240: any action can answer them.
COMMON = frozenset(
    (
        "InvalidParameter",
        "InvalidParameterValue",
        "MissingParameter",
        "UnknownParameter",
        "UnsupportedOperation",
        "UnsupportedRegion",
        "RequestSizeLimitExceeded",
        "InvalidAction",
    )
)

_DOCUMENTED = {
    "Invoke": (
        "FailedOperation{FunctionStatusError,InvokeFunction}; InternalError{(bare),System}; "
        "InvalidParameter{FunctionName}; InvalidParameterValue{(bare),Param}; ResourceNotFound{Function,"
        "FunctionName}; ResourceUnavailable{InsufficientBalance}; UnauthorizedOperation{CAM}"
    ),
    "InvokeFunction": (
        "FailedOperation{FunctionStatusError,InvokeFunction}; InternalError{(bare),System}; "
        "InvalidParameter{FunctionName,RequestTooLarge}; InvalidParameterValue{(bare),ClientContext,"
        "FunctionType,Param}; LimitExceeded{Quota}; ResourceNotFound{Function,FunctionName,Qualifier}; "
        "ResourceUnavailable{InsufficientBalance,ServiceSuspended}; UnauthorizedOperation{CAM}"
    ),
    "CreateFunction": (
        "FailedOperation{(bare),AccountInsufficient,ApmConfigInstanceId,BindPlugin,CallNetDeployFailed,"
        "CallRoleFailed,ClsServiceUnregistered,ClusterNotFound,CreateFunction,InstanceIsolationEnabled,"
        "InstanceNotFound,InsufficientResources,Namespace,OpenService,QcsRoleNotFound,SessionName,"
        "TotalConcurrencyMemoryInProgress,UnOpenedService}; InternalError{(bare),GetRoleError,"
        "GetStsTokenFailed,System,SystemError}; InvalidParameter{GooseFsRequired,ParamError,Payload}; "
        "InvalidParameterValue{(bare),Action,ApmConfig,ApmConfigInstanceId,ApmConfigRegion,Args,ArgsList,"
        "AsyncRunEnable,Cls,Code,CodeSecret,CodeSource,Command,CommandList,Cos,CosBucketName,CosBucketRegion,"
        "CosObjectName,DeadLetterConfig,Description,DiskSize,DnsInfo,DynamicEnabled,EipConfig,Environment,"
        "EnvironmentExceededLimit,EnvironmentSystemProtect,FunctionName,FunctionType,GitCommitId,"
        "GitPasswordSecret,GitUrl,GitUserNameSecret,Handler,IdleTimeOut,ImageType,ImageUri,"
        "InstanceConcurrencyConfig,L5Enable,Layers,LimitExceeded,LogFormat,MaxConcurrency,Memory,MemorySize,"
        "MountOption,Namespace,NodeSpec,NodeType,Permission,PluginConfig,Port,ProtocolType,PublicNetConfig,"
        "ReadinessProbe,RegistryId,Runtime,Stamp,TempCosObjectName,TraceEnable,Type,Vpc,VpcNotSetWhenOpenCfs,"
        "WebSocketsParams,ZipFile,ZipFileBase64BinasciiError}; LimitExceeded{ContainerImageAccelerate,"
        "ContainerImageAccelerateQuota,Eip,Fs,Function,GpuReservedQuota,InitTimeout,IntraIp,Memory,"
        "PrivilegeContainer,Timeout}; MissingParameter{Code,Runtime}; ResourceInUse{(bare),Function,"
        "FunctionName}; ResourceNotFound{(bare),CfsMountInsNotMatch,CfsProtocolError,CfsStatusError,"
        "CfsVpcNotMatch,Cmq,CosObject,Demo,GetCfsMountInsError,GetCfsNotMatch,ImageConfig,Layer,Namespace,"
        "Role,Vpc}; ResourceUnavailable{Namespace}; UnauthorizedOperation{CAM,Region,Role,TempCosAppid}; "
        "UnsupportedOperation{(bare),AsyncRunEnable,DiskSize,EipFixed,VpcConfig}"
    ),
    "UpdateFunctionCode": (
        "FailedOperation{(bare),CallRoleFailed,FunctionStatusError,OperationConflict,UpdateFunctionCode}; "
        "InternalError{System}; InvalidParameter{Payload}; InvalidParameterValue{(bare),Args,ArgsList,Code,"
        "CodeSecret,CodeSource,Command,CommandList,Cos,CosBucketName,CosBucketRegion,CosObjectName,Demo,"
        "DemoId,DnsInfo,FunctionName,GitBranch,GitDirectory,GitPassword,GitUrl,GitUserName,Handler,ImageType,"
        "ImageUri,InlineZipFile,Namespace,RegistryId,TempCosObjectName,ZipFile,ZipFileBase64BinasciiError}; "
        "LimitExceeded{ContainerImageAccelerate,ContainerImageAccelerateQuota}; ResourceNotFound{Function,"
        "FunctionName,ImageConfig,Namespace}; UnauthorizedOperation{CAM,TempCosAppid,UpdateFunctionCode}; "
        "UnsupportedOperation{(bare),UpdateFunctionCode}"
    ),
    "UpdateFunctionConfiguration": (
        "FailedOperation{(bare),AccountInsufficient,ApmConfigInstanceId,BindPlugin,CallNetDeployFailed,"
        "ClsServiceUnregistered,DebugModeUpdateTimeOutFail,InstanceNotFound,InsufficientBalance,"
        "InsufficientResources,MixNodeConfig,OpenService,QcsRoleNotFound,ReservedInProgress,SessionName,"
        "UpdateFunctionConfiguration}; InternalError{(bare),System,SystemError}; "
        "InvalidParameter{GooseFsRequired,ParamError,Payload}; InvalidParameterValue{(bare),Action,ApmConfig,"
        "ApmConfigInstanceId,ApmConfigRegion,Cls,ClsRole,Description,DiskSize,DnsInfo,DynamicEnabled,"
        "EipConfig,Environment,EnvironmentExceededLimit,EnvironmentSystemProtect,FunctionName,Handler,"
        "IdleTimeOut,InstanceConcurrencyConfig,L5Enable,Layers,LimitExceeded,LogFormat,MaxConcurrency,Memory,"
        "MemorySize,MountOption,Namespace,NodeSpec,NodeType,Permission,PluginConfig,Port,PublicNetConfig,"
        "ReadinessProbe,Runtime,SystemEnvironment,TraceEnable,Vpc,WebSocketsParams}; LimitExceeded{Eip,Fs,"
        "InitTimeout,IntraIp,Memory,PrivilegeContainer,Timeout}; ResourceNotFound{CfsMountInsNotMatch,"
        "CfsProtocolError,CfsStatusError,CfsVpcNotMatch,Cmq,CosObject,Function,FunctionName,"
        "GetCfsMountInsError,GetCfsNotMatch,Layer,Namespace,Role,Vpc}; UnauthorizedOperation{Role}; "
        "UnsupportedOperation{(bare),DiskSize,EipFixed,VpcConfig}"
    ),
    "GetFunction": (
        "FailedOperation{Apigw,CallNetDeployFailed}; InternalError{(bare),Exception,System}; "
        "InvalidParameter{FunctionNameOrResourceIdRequired,Payload}; InvalidParameterValue{(bare),CodeSecret,"
        "FunctionName,Namespace,Qualifier}; ResourceNotFound{Function,FunctionName,Namespace,Version}; "
        "UnauthorizedOperation{(bare),CAM,CodeSecret}"
    ),
    "GetFunctionAddress": (
        "FailedOperation{FunctionStatusError,GetFunctionAddress}; InternalError{(bare),System}; "
        "InvalidParameter{Payload}; InvalidParameterValue{(bare),Action,FunctionName,Namespace,Qualifier}; "
        "ResourceNotFound{Function,FunctionName,FunctionVersion,Namespace,Version}; "
        "UnauthorizedOperation{CAM,CodeSecret}"
    ),
    "ListFunctions": (
        "InternalError{Exception,System}; InvalidParameter{Payload}; InvalidParameterValue{(bare),Limit,"
        "LimitExceeded,Name,Namespace,Offset,Order,QueryVersion}; ResourceNotFound{Namespace}; "
        "UnauthorizedOperation{CAM,Region}"
    ),
    "DeleteFunction": (
        "FailedOperation{(bare),DeleteFunction,FunctionNameStatusError,FunctionStatusError,"
        "ProvisionedInProgress}; InternalError{Cmq,GetStsTokenFailed,System}; InvalidParameter{Payload}; "
        "InvalidParameterValue{(bare),FunctionName,Namespace,Qualifier}; ResourceNotFound{(bare),"
        "AttachedTagKeyNotFound,Function,FunctionName,Namespace,Qualifier}; UnauthorizedOperation{CAM,"
        "DeleteFunction}; UnsupportedOperation{(bare),AliasBind}"
    ),
    "DeleteFunctionVersion": (
        "FailedOperation{(bare),DeleteFunction,FunctionNameStatusError,FunctionStatusError,"
        "ProvisionedInProgress}; InternalError{Cmq,GetStsTokenFailed,System}; InvalidParameter{Payload}; "
        "InvalidParameterValue{(bare),FunctionName,Namespace,Qualifier}; ResourceNotFound{(bare),"
        "AttachedTagKeyNotFound,Function,FunctionName,Namespace,Qualifier}; UnauthorizedOperation{CAM,"
        "DeleteFunction}; UnsupportedOperation{(bare),AliasBind}"
    ),
    "PublishVersion": (
        "FailedOperation{PublishVersion}; InternalError{(bare),System}; InvalidParameterValue{(bare),"
        "Description,FunctionName,Namespace}; LimitExceeded{ContainerImageAccelerate,"
        "ContainerImageAccelerateQuota,FunctionVersions}; ResourceInUse{(bare)}; ResourceNotFound{Function,"
        "FunctionName,Namespace}; UnauthorizedOperation{CAM}; UnsupportedOperation{(bare),PublishVersion}"
    ),
    "ListVersionByFunction": (
        "InternalError{(bare)}; InvalidParameterValue{(bare),FunctionName,Namespace,Order}; "
        "ResourceNotFound{Function,FunctionName,Namespace}; UnauthorizedOperation{CAM}"
    ),
    "CreateAlias": (
        "FailedOperation{(bare),CreateAlias}; InternalError{System}; InvalidParameter{RoutingConfig}; "
        "InvalidParameterValue{AdditionalVersionWeights,Description,Name,Namespace,RoutingConfig}; "
        "LimitExceeded{Alias}; ResourceInUse{(bare),Alias}; ResourceNotFound{Function,FunctionName,"
        "FunctionVersion}; UnauthorizedOperation{CAM}"
    ),
    "UpdateAlias": (
        "FailedOperation{(bare),UpdateAlias}; InternalError{System}; InvalidParameter{RoutingConfig}; "
        "InvalidParameterValue{(bare),AdditionalVersionWeights,Description,FunctionName,Name,Namespace,"
        "RoutingConfig}; ResourceInUse{(bare)}; ResourceNotFound{Alias,Function,FunctionName,FunctionVersion,"
        "Namespace}; UnauthorizedOperation{CAM}"
    ),
    "GetAlias": (
        "FailedOperation{GetAlias}; InternalError{System}; InvalidParameter{RoutingConfig}; "
        "InvalidParameterValue{FunctionName,Name,Namespace}; ResourceNotFound{Alias,Function,FunctionName,"
        "Namespace}; UnauthorizedOperation{CAM}"
    ),
    "ListAliases": (
        "InternalError{System}; InvalidParameterValue{FunctionName,Namespace}; ResourceNotFound{Function,"
        "FunctionName,Namespace}; UnauthorizedOperation{CAM}"
    ),
    "DeleteAlias": (
        "FailedOperation{DeleteAlias}; InternalError{System}; InvalidParameterValue{Alias,Name}; "
        "ResourceNotFound{Alias,Function,FunctionName}"
    ),
    "CreateNamespace": (
        "FailedOperation{CreateNamespace}; InternalError{(bare)}; InvalidParameterValue{(bare),Action,"
        "DefaultNamespace,Description,Namespace,NamespaceInvalid,Stamp}; LimitExceeded{Namespace}; "
        "ResourceInUse{(bare),Namespace}; UnauthorizedOperation{CAM,Role}; UnsupportedOperation{(bare)}"
    ),
    "ListNamespaces": ("InvalidParameterValue{Filters,Order,SearchKey,Stamp}"),
    "UpdateNamespace": ("InvalidParameterValue{Description}; ResourceNotFound{Namespace}"),
    "DeleteNamespace": (
        "FailedOperation{DeleteNamespace}; InternalError{(bare)}; InvalidParameterValue{(bare),Action,"
        "Namespace,NamespaceInvalid}; ResourceInUse{Namespace}; ResourceNotFound{Namespace}; "
        "UnauthorizedOperation{CAM}; UnsupportedOperation{(bare)}"
    ),
    "PutReservedConcurrencyConfig": (
        "FailedOperation{(bare),DebugModeStatus,FunctionVersionStatusNotActive,InsufficientBalance,"
        "ProvisionedExceedReserved,ReservedInProgress,ServiceClosed}; InternalError{(bare)}; "
        "InvalidParameterValue{(bare),FunctionName,Namespace}; "
        "LimitExceeded{FunctionReservedConcurrencyMemory}; MissingParameter{(bare)}; "
        "ResourceNotFound{Function,FunctionName,Namespace}; UnauthorizedOperation{(bare)}"
    ),
    "GetReservedConcurrencyConfig": (
        "InternalError{(bare)}; InvalidParameterValue{(bare),FunctionName,Namespace}; "
        "MissingParameter{(bare)}; ResourceNotFound{Function,Namespace}; UnauthorizedOperation{(bare)}"
    ),
    "DeleteReservedConcurrencyConfig": (
        "FailedOperation{DebugModeStatus,ReservedInProgress}; InternalError{(bare)}; "
        "ResourceNotFound{Function,Namespace}; UnauthorizedOperation{(bare)}"
    ),
    "GetFunctionLogs": (
        "FailedOperation{(bare),AuthFailure,QueryError,TopicNotExist}; InternalError{(bare),ES,Exception,"
        "SearchFailed,System}; InvalidParameter{Cls,ParamError,Payload,RoleCheck}; "
        "InvalidParameterValue{(bare),DateTime,FunctionType,ImageType,Offset,Order,OrderBy,RetCode,"
        "StartTimeOrEndTime}; LimitExceeded{Offset}; ResourceNotFound{Function,FunctionName,RoleCheck}; "
        "UnauthorizedOperation{CAM}; UnsupportedOperation{(bare),NotSupportRegion}"
    ),
    "GetRequestStatus": (
        "FailedOperation{(bare),QueryError,TopicNotExist}; InternalError{(bare),System}; "
        "InvalidParameter{Cls}; InvalidParameterValue{(bare),DateTime,FunctionName,FunctionRequestId,RetCode,"
        "StartTime,StartTimeOrEndTime}; OperationDenied{AccountIsolate,AccountNotExists}; "
        "ResourceNotFound{Function,FunctionName}"
    ),
    "ListAsyncEvents": (
        "InvalidParameterValue{FunctionName,InvokeType,Limit,Namespace,Order,Status}; "
        "ResourceNotFound{Function,Namespace,Version}"
    ),
    "GetAsyncEventStatus": "FailedOperation{AsyncEventStatus}; ResourceNotFound{AsyncEvent,Function,Namespace}",
    "TerminateAsyncEvent": (
        "FailedOperation{AsyncEventStatus}; InvalidParameterValue{FunctionName}; "
        "ResourceNotFound{AsyncEvent,Function,Namespace}"
    ),
    "GetFunctionEventInvokeConfig": (
        "FailedOperation{(bare),FunctionVersionStatusNotActive,InsufficientBalance}; InternalError{(bare)}; "
        "InvalidParameterValue{(bare),FunctionName,Namespace,Qualifier}; MissingParameter{(bare)}; "
        "ResourceNotFound{(bare),Function,FunctionName,FunctionVersion,Namespace,Version}; "
        "UnauthorizedOperation{(bare)}"
    ),
    "UpdateFunctionEventInvokeConfig": (
        "FailedOperation{(bare),FunctionVersionStatusNotActive,InsufficientBalance}; InternalError{(bare)}; "
        "InvalidParameterValue{(bare),AsyncTriggerConfig,FunctionName,Namespace}; LimitExceeded{MsgTTL,RetryNum}; "
        "MissingParameter{(bare)}; ResourceNotFound{(bare),Function,FunctionName,FunctionVersion,Namespace}; "
        "UnauthorizedOperation{(bare)}; UnsupportedOperation{EipFixed,UpdateFunctionEventInvokeConfig,VpcConfig}"
    ),
    "CreateTrigger": (
        "FailedOperation{(bare),ApiGateway,Apigw,Cos,CreateTrigger}; InternalError{ApiGateway,Ckafka,Cmq,Cos,System}; "
        "InvalidParameterValue{(bare),ApiGateway,Cdn,Ckafka,Cos,CosNotifyRuleConflict,CustomArgument,Description,"
        "EASConfig,Enable,FunctionName,SecretInfo,ServiceName,TriggerDesc,TriggerName,Type,ZipFile}; "
        "LimitExceeded{Cdn,FunctionOnTopic,Trigger}; ResourceInUse{(bare),Cdn,Cmq,Cos,Trigger,TriggerName}; "
        "ResourceInsufficient{COS}; ResourceNotFound{(bare),Cdn,Ckafka,Cmq,Cos,Function,FunctionName,"
        "FunctionVersion,Namespace,Qualifier,Version}; UnauthorizedOperation{(bare),CAM,CreateTrigger}; "
        "UnsupportedOperation{(bare),Cdn,Cos,Trigger}"
    ),
    # LimitExceeded.Layers, "layer number over the limit", is listed for ListLayers, where it has no meaning.
    "PublishLayerVersion": (
        "FailedOperation{PublishLayerVersion}; InternalError{(bare),Exception,System}; InvalidParameterValue{(bare),"
        "CompatibleRuntimes,Content,Cos,CosBucketName,CosBucketRegion,CosObjectName,Description,LayerName,Name,"
        "Runtime,Stamp,TempCosObjectName,ZipFileBase64BinasciiError}; LimitExceeded{LayerVersions,Layers}; "
        "ResourceInUse{(bare)}; UnauthorizedOperation{CAM,NotMC}; UnsupportedOperation{Cos}"
    ),
    "ListLayers": "InvalidParameterValue{(bare),Runtime,Stamp}; LimitExceeded{Layers}; UnauthorizedOperation{CAM}",
    "ListLayerVersions": (
        "InternalError{System}; InvalidParameterValue{(bare),Name,Runtime}; ResourceNotFound{Layer}; "
        "UnauthorizedOperation{CAM}"
    ),
    "GetLayerVersion": "InternalError{(bare),System}; ResourceNotFound{LayerVersion}; UnauthorizedOperation{CAM}",
    "DeleteLayerVersion": (
        "FailedOperation{DeleteLayerVersion,OperationConflict}; InternalError{(bare)}; ResourceInUse{LayerVersion}; "
        "ResourceNotFound{LayerVersion}; UnauthorizedOperation{CAM}"
    ),
    # The page lists none for a function that is not there; those of its sister actions serve.
    "ListTriggers": (
        "FailedOperation{Apigw}; InvalidParameterValue{Filters,Order,OrderBy,FunctionName}; "
        "ResourceNotFound{Function,Namespace}"
    ),
    "UpdateTrigger": (
        "FailedOperation{(bare),CreateTrigger,UpdateTrigger}; InternalError{Cmq}; InvalidParameterValue{(bare),Action,"
        "Cors,Description,Enable,FunctionName,TriggerDesc,TriggerName,Type}; ResourceNotFound{(bare),Function,"
        "FunctionName,Namespace,Qualifier,Trigger}; UnauthorizedOperation{CAM}"
    ),
    "UpdateTriggerStatus": (
        "FailedOperation{(bare),Cos,CreateTrigger,UpdateStatus,UpdateTriggerStatus}; InternalError{Cmq,Cos}; "
        "InvalidParameterValue{(bare),CosNotifyRuleConflict,Enable,TriggerDesc,TriggerName,Type}; "
        "ResourceNotFound{(bare),Function,FunctionName,Namespace,Qualifier,Trigger}; "
        "UnauthorizedOperation{CAM,UpdateTriggerStatus}"
    ),
    "DeleteTrigger": (
        "FailedOperation{(bare),CreateTrigger,DeleteTrigger,DeleteTrigger.UrlUsed}; InternalError{(bare),System}; "
        "InvalidParameterValue{(bare),ApiGateway,Cdn,Cmq,Cos,FunctionName,TriggerDesc,TriggerName,Type}; "
        "ResourceInUse{Cdn,Cmq}; ResourceNotFound{(bare),Cdn,Ckafka,Cmq,Function,FunctionName,Timer,Trigger,Version}; "
        "UnauthorizedOperation{CAM,DeleteTrigger}; UnsupportedOperation{Cdn}"
    ),
    "CopyFunction": (
        "FailedOperation{CopyAsyncRun,CopyFailed,CopyFunction}; InternalError{(bare),Exception,System};"
        " InvalidParameterValue{Code,Description,Environment,FunctionName,Handler,Runtime};"
        " LimitExceeded{Function,Memory,Timeout}; ResourceInUse{FunctionName}; ResourceNotFound{Function,"
        "FunctionName,Namespace}; UnauthorizedOperation{CAM,Region}; UnsupportedOperation{CopyFunction,"
        "Region}"
    ),
    "PutProvisionedConcurrencyConfig": (
        "FailedOperation{DebugModeStatus,FunctionVersionStatusNotActive,InsufficientBalance,"
        "ProvisionCreateTimer,ProvisionDeleteTimer,ProvisionedExceedAvailable,ProvisionedExceedReserved,"
        "ProvisionedInProgress,ServiceClosed,UnOpenedService}; InternalError{(bare)};"
        " InvalidParameterValue{(bare),FunctionName,MinCapacity,ProvisionTriggerCronConfigDuplicate,"
        "ProvisionTriggerName,ProvisionTriggerNameDuplicate,ProvisionType,Qualifier,TrackingTarget,"
        "TriggerCronConfig,TriggerCronConfigTimeInterval,TriggerProvisionedConcurrencyNum};"
        " LimitExceeded{FunctionProvisionedConcurrencyMemory,FunctionTotalProvisionedConcurrencyMemory,"
        "FunctionTotalProvisionedConcurrencyNum,MaxCapacity,ProvisionTriggerAction,ProvisionTriggerInterval};"
        " MissingParameter{(bare)}; ResourceNotFound{Function,FunctionName,FunctionVersion,Namespace,"
        "Version}; UnauthorizedOperation{(bare)}"
    ),
    "GetProvisionedConcurrencyConfig": (
        "InternalError{(bare)}; InvalidParameterValue{(bare),FunctionName,Namespace,Qualifier};"
        " MissingParameter{(bare)}; ResourceNotFound{Function,FunctionVersion,Namespace,Version};"
        " UnauthorizedOperation{(bare)}"
    ),
    "DeleteProvisionedConcurrencyConfig": (
        "FailedOperation{(bare),ProvisionedInProgress}; InternalError{(bare)};"
        " InvalidParameterValue{FunctionName,Qualifier}; ResourceNotFound{Function,FunctionVersion,Namespace,"
        "Version}; UnauthorizedOperation{(bare)}"
    ),
    "PutTotalConcurrencyConfig": (
        "FailedOperation{InsufficientBalance,ReservedExceedTotal,TotalConcurrencyMemoryInProgress};"
        " InternalError{(bare)}; InvalidParameterValue{(bare)}; LimitExceeded{TotalConcurrencyMemory,"
        "UserTotalConcurrencyMemory}; MissingParameter{(bare)}; ResourceNotFound{Namespace,"
        "TotalConcurrencyMemory}; UnauthorizedOperation{(bare)}; UnsupportedOperation{(bare)}"
    ),
    "CreateCustomDomain": "FailedOperation{CNAME}; InvalidParameterValue{Domain}",
    "GetCustomDomain": "FailedOperation{Domain.UnExist}",
    # The pages of these two list none for a domain that is not there; that of GetCustomDomain serves.
    "UpdateCustomDomain": "FailedOperation{Domain.UnExist,Ssl}",
    "DeleteCustomDomain": (
        "FailedOperation{DeleteAlias,Domain.UnExist}; InternalError{System}; InvalidParameterValue{Alias,Name}; "
        "ResourceNotFound{Alias,Function,FunctionName}"
    ),
    "ListCustomDomains": (
        "InvalidParameterValue{FunctionName,InvokeType,Limit,Namespace,Order,Status}; "
        "ResourceNotFound{Function,Namespace,Version}"
    ),
    "GetAccount": ("InvalidParameterValue{Stamp}; UnauthorizedOperation{CAM}; UnsupportedOperation{(bare)}"),
}


#: Actions that no page lists, by the one that is closest to each.
_CLOSEST = {"BatchCreateTrigger": "CreateTrigger", "ListFunctionTestModels": "GetFunction"}


def documented(action: str) -> frozenset[str]:
    """The codes that an action's page lists."""
    codes = set()
    for category, details in re.findall(r"(\w+)\{([^}]*)\}", _DOCUMENTED[_CLOSEST.get(action, action)]):
        codes.update(category if detail == "(bare)" else f"{category}.{detail}" for detail in details.split(","))
    return frozenset(codes)
