#!/usr/bin/env bash
# One float32 prediction, two numbers: SageMaker's inference toolkit writes it shorter as CSV than as JSON.
#
# An expert would expect one value whatever the content type. numpy prints the shortest text of the single; the JSON encoder
# first widens it to a double. A threshold of 0.9 then takes the model's 0.9 as text/csv and misses it as application/json.
# A vector of two probabilities is moreover one line each in CSV, which reads like two records of one column.
#
# Seen with sagemaker-inference 1.10.1 and numpy 2.4.6: see `expected` below. Exits 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check sagemaker-inference==1.10.1 numpy==2.4.6

cat > "$folder/encode.py" <<'PYTHON'
import numpy as np
from sagemaker_inference import encoder

for name, prediction in (("one", [0.9]), ("two", [0.25, 0.9])):
    for content_type in ("text/csv", "application/json"):
        written = encoder.encode(np.array(prediction, dtype=np.float32), content_type)
        values = [float(value) for value in written.strip("[]\n").replace("\n", ",").split(",")]
        print(f"{name} {content_type}: {written!r}; at least 0.9: {values[-1] >= 0.9}")
PYTHON

expected="one text/csv: '0.9\n'; at least 0.9: True
one application/json: '[0.8999999761581421]'; at least 0.9: False
two text/csv: '0.25\n0.9\n'; at least 0.9: True
two application/json: '[0.25, 0.8999999761581421]'; at least 0.9: False"
seen=$("$folder/venv/bin/python" "$folder/encode.py")
echo "$seen"
diff <(printf '%b\n' "${expected//\\n/\\\\n}") <(echo "$seen") && echo "as described"
