"""Every answer to the points above, held against the official models: required members, types, no member too many."""

import pytest

from points import Point

TOPIC = "Answers fit the official models"
SERVICES = ["acm", "apigateway", "cloudfront", "cognito-identity", "cognito-idp", "iam", "lambda", "logs",
            "resourcegroupstaggingapi", "route53", "sts", "wafv2"]


class Shapes:
    def __init__(self, service):
        self.service = service
        self.point = Point(f"all answers of {service}", f"model {service}: every output shape")


@pytest.mark.parametrize("case", [Shapes(service) for service in SERVICES], ids=SERVICES)
def test_shapes(lab, case):
    assert lab.checked[case.service] > 0, "no answer was seen"
    problems = lab.misshapen[case.service]
    assert not problems, "; ".join(f"{name}: {why}" for name, why in sorted(problems.items()))
