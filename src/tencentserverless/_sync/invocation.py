"""Asynchronous invocations, for threads."""

from tencentserverless._base.invocation import BaseInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.models import InvocationStatus, InvokeResult


class Invocation(BaseInvocation):
    """An asynchronous invocation that was accepted; ``client.spawn`` and ``client.invocation`` make it.

    It can be pickled and asked about in another process; keys travel only where they were given to its client.
    ``request_id``, ``function_name``, ``namespace`` and ``region`` say which it is.
    """

    __slots__ = ()

    def status(self) -> "InvocationStatus":
        """How it stands, by one question to the service (two where it is not known which record tells of it).

        :raises TencentCloudSDKException: the service did not say; the invocation goes on
        """
        return self._client._run(self._status_flow()).status  # type: ignore[no-any-return]

    def result(self, timeout: "float | None" = None) -> "InvokeResult":
        """Wait until it has ended. Returns and raises what a synchronous call would have.

        The platform runs a failed invocation again, as the function's RetryNum says; what is raised is the last
        failure that it has written down. Throttling is no failure: the platform keeps trying for up to 6 hours.

        :param timeout: seconds, None to wait as long as it takes
        :returns: RetMsg, the JSON text of what the function returned; empty where the service keeps none
        :raises TencentServerlessSDKException: the function failed
        :raises ResultTimeout: the time is up; the invocation goes on
        :raises TencentCloudSDKException: the service refused to say, or was silent for the client's timeout
        """
        found = self._known()
        if found is None:
            found = self._outcome = self._client._run(self._result_flow(timeout))
        return found

    def cancel(self, grace: bool = False) -> None:
        """Have it terminated. Works for functions that were created with AsyncRunEnable only.

        :param grace: send SIGTERM, which the function may handle; else its instance is killed
        :raises TencentCloudSDKException: the service refused, or it has ended already
        """
        self._client._run(self._cancel_flow(grace))
