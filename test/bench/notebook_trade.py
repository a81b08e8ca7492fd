"""A prediction becomes an order, as the notebook example of a SageMaker user does it: ask the model, post the order.

boto3 for the model, requests for the order. The key is in the environment; there is no ledger, no budget, no event, and money
is a float.
"""

import json
import os

import boto3
import requests

runtime = boto3.client("sagemaker-runtime")

BASE_URL = os.environ["PF_BASE_URL"]
AGENT_ID = os.environ["PF_AGENT_ID"]
HEADERS = {"Authorization": f"Bearer {os.environ['PF_API_KEY']}"}
THRESHOLD = 0.60


def ask_model(features):
    answer = runtime.invoke_endpoint(
        EndpointName=os.environ["SAGEMAKER_ENDPOINT"],
        ContentType="application/json",
        Body=json.dumps(features),
    )
    return json.loads(answer["Body"].read())


def place_order(prediction, amount):
    answer = requests.post(
        f"{BASE_URL}/trading/order",
        headers=HEADERS,
        json={
            "agent_id": AGENT_ID,
            "direction": prediction["direction"],
            "amount": amount,
            "asset": "BTC-USDC",
            "order_type": "market",
            "metadata": {"source": "sagemaker", "confidence": prediction["confidence"]},
        },
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()


def handler(event, context):
    prediction = ask_model(event.get("features", {}))
    if prediction["direction"] == "hold" or prediction["confidence"] < THRESHOLD:
        return {"statusCode": 200, "body": "no order"}
    order = place_order(prediction, 50.0)
    return {"statusCode": 200, "body": json.dumps({"prediction": prediction, "order": order})}
