"""A Lambda authorizer of kind TOKEN: says, with a policy, which routes the bearer of a token may call."""

import hashlib

# Whoever reads this code learns no token: only hashes are kept. The tokens are those of lab.yaml.
# (method, path) as in an execute-api ARN; a caller without routes is known, but suspended.
CALLERS = {
    "053c58281f14fb0381c6b5614ed5f97797559514df32272566f6a13f230691c4": (
        "reader",
        [("GET", "reports")],
    ),
    "f6fe869bd4b1efaa1ebc5bf2a3d076ff76ecbd12115d05f072b03b2447faf505": (
        "admin",
        [("GET", "reports"), ("GET", "admin")],
    ),
    "ac139ef84ae243f958e7b908b99b8a3ec6c95c2ac7204523e0feaa29ee5ec522": (
        "suspended",
        [],
    ),
}


def lambda_handler(event, context):
    scheme, _, token = event["authorizationToken"].partition(" ")
    digest = hashlib.sha256(token.encode()).hexdigest()
    if scheme != "Bearer" or digest not in CALLERS:
        # Exactly this message makes API Gateway answer 401; any other exception makes it 500.
        raise Exception("Unauthorized")
    name, routes = CALLERS[digest]
    return policy(name, routes, event["methodArn"])


def policy(name, routes, method_arn):
    # arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/path
    # The answer is kept for the token, whatever the route: it must name all routes of the caller. One
    # that names only `methodArn` refuses the same caller's next route until the cache forgets it.
    stage = "/".join(method_arn.split("/")[:2])
    allowed = [f"{stage}/{method}/{path}" for method, path in routes]
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allowed else "Deny",
        "Resource": allowed or [f"{stage}/*"],
    }
    return {
        "principalId": name,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        # The route's function finds this in event["requestContext"]["authorizer"].
        "context": {"caller": name},
    }
