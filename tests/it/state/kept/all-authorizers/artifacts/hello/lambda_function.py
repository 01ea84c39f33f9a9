"""The tutorial's function, for callers that may be pages of another origin."""

import os


def lambda_handler(event, context):
    # With a proxy integration the function's own answer must let the page read it: what `cors:` in
    # lab.yaml sets up answers preflights and refusals only.
    return {
        "statusCode": 200,
        "headers": {
            "Content-Type": "text/plain",
            "Access-Control-Allow-Origin": os.environ.get("CORS_ORIGIN", "*"),
        },
        "body": "Hello from Lambda!",
    }
