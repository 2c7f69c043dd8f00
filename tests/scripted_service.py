"""An API endpoint that accepts ``Event`` calls and tells of them as a script says, on a real loopback socket.

The function's name is its script: ``f-absent-running-ok`` is not on record at the first question, runs at the second
and has returned at the third; the last word holds from then on. Names that begin with ``e`` are of functions that were
created with AsyncRunEnable: they have events. Runs on Python 3.6, for the SDK's tests run there too.
"""

import json
import threading

from tests.peer import Peer, api_error, http_answer, ok

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tests.peer import PeerRequest

#: What the records say at a word of the script: RetCode and RetMsg of each execution so far.
RECORDS = {
    "absent": [],
    "running": [(1, "")],
    "ok": [(0, '{"a": 1}')],
    "empty": [(0, "")],
    "throws": [(-1, '{"errorCode":1,"errorMessage":"boom","requestId":"%s","stackTrace":"T","statusCode":430}')],
    "late": [(-1, '{"errorCode":-1,"errorMessage":"timed out","requestId":"%s","statusCode":433}')],
    "busy": [(-1, '{"errorCode":1,"errorMessage":"no instance","requestId":"%s","statusCode":432}')],
    "text": [(-1, "something went wrong")],
    "retried": [(-1, '{"errorCode":1,"errorMessage":"boom","statusCode":430}'), (0, '"second"')],
    "retrying": [(-1, '{"errorCode":1,"errorMessage":"boom","statusCode":430}'), (1, "")],
    "aborted": [(-1, '{"errorCode":-1,"errorMessage":"aborted","requestId":"%s","statusCode":499}')],
    "gone": [],
}
EVENT_STATUSES = {
    "absent": ("RUNNING", 0),
    "running": ("RUNNING", 0),
    "ok": ("FINISHED", 200),
    "throws": ("FAILED", 430),
    "aborted": ("ABORTED", 499),
    "gone": ("FAILED", 439),
}
#: Words that are an answer of their own.
TROUBLES = {
    "limit": lambda: api_error("RequestLimitExceeded"),
    "internal": lambda: api_error("InternalError"),
    "denied": lambda: api_error("UnauthorizedOperation.CAM"),
    "missing": lambda: api_error("ResourceNotFound.Function"),
    "http": lambda: http_answer("<html>", "502 Bad Gateway"),
    "junk": lambda: b"junk\r\n\r\n",
}


class Service(Peer):
    """The endpoint. ``asked`` lists the actions in the order in which they came."""

    def __init__(self) -> None:
        super().__init__(answer=self._reply)
        self._calls: "dict[str, str]" = {}
        self._looks: "dict[str, int]" = {}
        self._aborted: "set[str]" = set()
        self._words = threading.Lock()
        self.starts: "list[str]" = []  # what becomes of the next starts: a word of TROUBLES, or ok
        self.asked: "list[str]" = []
        self.terminated: "list[Any]" = []

    def adopt(self, request_id: str, name: str) -> None:
        """Know an invocation that nobody started here."""
        self._calls[request_id] = name

    def _reply(self, request: "PeerRequest") -> bytes:
        action = request.headers["x-tc-action"]
        with self._words:
            self.asked.append(action)
            return getattr(self, "_on_" + action)(request.fields)  # type: ignore[no-any-return]

    def _on_Invoke(self, fields: "dict[str, Any]") -> bytes:
        assert fields["InvocationType"] == "Event"
        word = self.starts.pop(0) if self.starts else "ok"
        if word in TROUBLES:
            return TROUBLES[word]()
        request_id = "id-{}".format(len(self._calls))
        self._calls[request_id] = fields["FunctionName"]
        return ok("", FunctionRequestId=request_id, Duration=0, MemUsage=0)

    def _on_InvokeFunction(self, fields: "dict[str, Any]") -> bytes:
        return ok()

    def _word(self, request_id: str, is_look: bool) -> str:
        words = ["aborted"] if request_id in self._aborted else self._calls[request_id].split("-")[1:]
        look = self._looks.get(request_id, 0)
        if is_look:
            self._looks[request_id] = look + 1
        return words[min(look, len(words) - 1)]

    def _on_GetRequestStatus(self, fields: "dict[str, Any]") -> bytes:
        request_id = fields["FunctionRequestId"]
        if request_id not in self._calls:
            return answer_with(TotalCount=0, Data=[])
        name = self._calls[request_id]
        assert fields["FunctionName"] == name
        word = self._word(request_id, is_look=not name.startswith("e"))
        if word in TROUBLES:
            return TROUBLES[word]()
        rows = [
            {
                "FunctionName": name,
                "RequestId": request_id,
                "StartTime": "2026-01-01 00:00:00",
                "RetCode": code,
                "RetMsg": message.replace("%s", request_id),
                "Duration": 12.5,
                "MemUsage": 8253440,
                "RetryNum": number,
            }
            for number, (code, message) in enumerate(self._records_of(name, word))
        ]
        return answer_with(TotalCount=len(rows), Data=rows)

    def _records_of(self, name: str, word: str) -> "list[tuple[int, str]]":
        return [] if name.startswith("e") and word == "running" else RECORDS[word]

    def _on_GetAsyncEventStatus(self, fields: "dict[str, Any]") -> bytes:
        request_id = fields["InvokeRequestId"]
        if not self._calls.get(request_id, "").startswith("e"):
            return api_error("ResourceNotFound.AsyncEvent")
        word = self._word(request_id, is_look=True)
        if word in TROUBLES:
            return TROUBLES[word]()
        status, code = EVENT_STATUSES[word]
        return answer_with(Result={"Status": status, "StatusCode": code, "InvokeRequestId": request_id})

    def _on_TerminateAsyncEvent(self, fields: "dict[str, Any]") -> bytes:
        request_id = fields["InvokeRequestId"]
        if not self._calls.get(request_id, "").startswith("e"):
            return api_error("ResourceNotFound.AsyncEvent")
        self.terminated.append((fields["FunctionName"], fields["Namespace"], fields["GraceShutdown"]))
        self._aborted.add(request_id)
        return answer_with()


def answer_with(**fields: "Any") -> bytes:
    """A whole answer with these fields."""
    return http_answer(json.dumps({"Response": dict(fields, RequestId="req-9")}))
