#!/usr/bin/env bash
# MiniStack: a stack made again over a DynamoDB table that it retained succeeds, and the table's items are gone.
#
# On AWS a stack cannot create a table of a name that is taken: the creation fails, and the retained items stay. Whoever
# rehearses "destroy, then deploy again" of a ledger on the local AWS sees CREATE_COMPLETE, and a ledger that knows nothing.
#
# Seen with ministack 1.5.33 (boto3 1.43.46): see `expected` below. Exits 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
emulator=
finish() {
  [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.46

port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
(cd "$folder" && GATEWAY_PORT=$port BIND_HOST=127.0.0.1 exec "$folder/venv/bin/ministack" >"$folder/log" 2>&1) &
emulator=$!

cat > "$folder/again.py" <<'PYTHON'
import json, sys, time, urllib.request
import boto3

endpoint = sys.argv[1]
for _ in range(600):
    try:
        urllib.request.urlopen(f"{endpoint}/_localstack/health", timeout=2)
        break
    except OSError:
        time.sleep(0.1)

session = boto3.Session("local", "local", region_name="us-east-1")
stacks = session.client("cloudformation", endpoint_url=endpoint)
tables = session.client("dynamodb", endpoint_url=endpoint)
template = json.dumps({"Resources": {"Ledger": {
    "Type": "AWS::DynamoDB::Table",
    "DeletionPolicy": "Retain",
    "Properties": {
        "TableName": "ledger",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    },
}}})


def create():
    stacks.create_stack(StackName="finding", TemplateBody=template)
    while True:
        status = stacks.describe_stacks(StackName="finding")["Stacks"][0]["StackStatus"]
        if not status.endswith("_IN_PROGRESS"):
            return status
        time.sleep(0.2)


def count():
    return tables.scan(TableName="ledger")["Count"]


print("created:", create())
tables.put_item(TableName="ledger", Item={"key": {"S": "an effect"}})
print("items:", count())
stacks.delete_stack(StackName="finding")
time.sleep(2)
print("items after the stack was deleted:", count())
print("created again:", create())
print("items:", count())
PYTHON

expected='created: CREATE_COMPLETE
items: 1
items after the stack was deleted: 1
created again: CREATE_COMPLETE
items: 0'
seen=$("$folder/venv/bin/python" "$folder/again.py" "http://127.0.0.1:$port")
echo "$seen"
diff <(echo "$expected") <(echo "$seen") && echo "as described"
