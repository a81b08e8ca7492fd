"""A completed training job becomes an escrow, as the notebook example of a SageMaker user does it.

boto3 for the metric, requests for the escrow, in one go and without a workflow behind it. The key is in the environment; there
is no ledger, no budget, no event, a missing metric counts as 0, and money is a float.
"""

import json
import os

import boto3
import requests

sagemaker = boto3.client("sagemaker")

BASE_URL = os.environ["PF_BASE_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['PF_API_KEY']}"}
TIERS = ((0.90, 50.0), (0.80, 20.0), (0.70, 5.0))


def read_metric(job_name):
    job = sagemaker.describe_training_job(TrainingJobName=job_name)
    for metric in job.get("FinalMetricDataList", []):
        if metric["MetricName"] == "validation:accuracy":
            return metric["Value"]
    return 0.0


def handler(event, context):
    detail = event["detail"]
    if detail["TrainingJobStatus"] != "Completed":
        return {"statusCode": 200, "body": "no action"}
    job_name = detail["TrainingJobName"]
    accuracy = read_metric(job_name)
    amount = next((bonus for above, bonus in TIERS if accuracy > above), 0.0)
    if amount == 0.0:
        return {"statusCode": 200, "body": "no bonus"}
    answer = requests.post(
        f"{BASE_URL}/escrow/create",
        headers=HEADERS,
        json={
            "amount_usd": amount,
            "description": f"Bonus for {job_name}",
            "counterparty_agent_id": os.environ["PF_COUNTERPARTY_ID"],
            "timeout_hours": 168,
        },
        timeout=10,
    )
    answer.raise_for_status()
    return {"statusCode": 200, "body": json.dumps(answer.json())}
