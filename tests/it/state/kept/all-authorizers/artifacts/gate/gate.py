"""A Lambda authorizer of kind REQUEST: is given the whole request, and decides by more than one value."""

# Which key belongs to which team.
TEAMS = {"key-of-red": "red", "key-of-blue": "blue"}


def lambda_handler(event, context):
    # Names of headers come as the client wrote them.
    headers = {name.lower(): value for name, value in event["headers"].items()}
    query = event["queryStringParameters"] or {}
    key, team = headers["x-key"], query["team"]
    stage = "/".join(event["methodArn"].split("/")[:2])
    allowed = TEAMS.get(key) == team
    statement = {
        "Action": "execute-api:Invoke",
        "Effect": "Allow" if allowed else "Deny",
        # Kept for key and team together: good for every route of the stage.
        "Resource": f"{stage}/*",
    }
    return {
        "principalId": team,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
    }
