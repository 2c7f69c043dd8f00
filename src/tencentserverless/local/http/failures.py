"""The answers of a function URL for which there is none of the app: a status of SCF, and a small JSON object.

Sources: cloud.tencent.com/document/product/583/42611 (the statuses), and answers that were seen: the HTTP status is the
status of SCF, the reason is ``status code 443``, and the object has neither a request id nor an error code where no
instance had the request.
"""

import json

from tencentserverless.local.http.messages import JSON_LINES, Answer
from tencentserverless.local.outcome import error_object_of


def failure_answer(status: int, message: str, request_id: str, *, has_begun: bool) -> Answer:
    """Make the answer for a request that got none from the app.

    :param has_begun: True if an instance had the request
    """
    if has_begun:
        body = error_object_of(status, message, request_id)
    else:
        body = json.dumps({"errorMessage": message, "statusCode": status}, ensure_ascii=False, separators=(",", ":"))
    lines = JSON_LINES + b"X-Scf-Request-Id: " + request_id.encode("ascii") + b"\r\n"
    return Answer(status, body.encode("utf-8"), lines, f"status code {status}")
