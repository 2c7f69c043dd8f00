"""The official client manages custom domains."""

from collections.abc import Iterator

import pytest
from tencentcloud.scf.v20180416 import models

from tests.conformance.management import Judge, managed_server
from tests.conformance.test_management import list_fields, refuse_nulls
from tests.conftest import LocalScf


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    with managed_server(tmp_path_factory) as started:
        yield started


def test_a_domain_from_its_creation_to_its_end(server):
    judge = Judge(server, "ap-domains")
    rewrite = {"Path": "/cc/", "Type": "ExactRules", "Rewrite": "/"}
    route = {"Namespace": "default", "FunctionName": "it", "Qualifier": "$LATEST", "PathMatch": "/cc/"}
    judge(
        "CreateCustomDomain",
        Domain="www.example.com",
        Protocol="HTTP&HTTPS",
        CertConfig={"CertificateId": "BxxJ3DK7"},
        EndpointsConfig=[{**route, "PathRewrite": [rewrite]}],
        WafConfig={"WafOpen": "CLOSE", "WafInstanceId": "waf_2kzh3vlq0umkkha9"},
        Tags=[{"Key": "a", "Value": "b"}],
    )
    shown = judge("GetCustomDomain", Domain="www.example.com")
    assert (shown.Protocol, shown.CertConfig.CertificateId) == ("HTTP&HTTPS", "BxxJ3DK7")
    assert shown.EndpointsConfig[0].PathRewrite[0].Rewrite == "/"
    judge("UpdateCustomDomain", Domain="www.example.com", Protocol="HTTP")
    listed = judge("ListCustomDomains", OrderBy="AddTime", Order="DESC", Filters=[])
    assert [(each.Domain, each.Protocol) for each in listed.Domains] == [("www.example.com", "HTTP")]
    for action, parameters in (("GetCustomDomain", {"Domain": "www.example.com"}), ("ListCustomDomains", {})):
        answer = server.request(action, parameters, region=judge.region).response
        model = getattr(models, f"{action}Response")
        assert set(answer) == list_fields(model)
        refuse_nulls(model, answer)
    assert set(answer["Domains"][0]) == list_fields(models.DomainInfo)
    judge("DeleteCustomDomain", Domain="www.example.com")
    with judge.refused("FailedOperation.Domain.UnExist"):
        judge("GetCustomDomain", Domain="www.example.com")
    judge.close()
