"""Asynchronous invocations, for threads."""

from tencentserverless._base.invocation import BaseInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.models import InvocationStatus, InvokeResult


class Invocation(BaseInvocation):
    """An asynchronous invocation that was accepted; ``client.spawn`` and ``client.invocation`` make it.

    It can be pickled and polled in another process; the pickle has keys only if they were given to its client.
    ``request_id``, ``function_name``, ``namespace`` and ``region`` identify it.
    """

    __slots__ = ()

    def status(self) -> "InvocationStatus":
        """Ask for its status: one query to the service, or two while it is not known which record has it.

        :raises TencentCloudSDKException: the service gave no answer; the invocation goes on
        """
        return self._client._run(self._status_flow()).status  # type: ignore[no-any-return]

    def result(self, timeout: "float | None" = None) -> "InvokeResult":
        """Wait until it has ended. Returns and raises the same as a synchronous call.

        The platform runs a failed invocation again, as the function's RetryNum says; the error here is the last
        failure that the platform has recorded. Throttling is no failure: the platform keeps trying for up to 6 hours.

        :param timeout: seconds, None for no limit
        :returns: RetMsg, the function's return value as JSON text; empty where the service keeps none
        :raises TencentServerlessSDKException: the function failed
        :raises ResultTimeout: the time is up; the invocation goes on
        :raises TencentCloudSDKException: the service refused to answer, or gave no answer for the client's timeout
        """
        found = self._known()
        if found is None:
            found = self._outcome = self._client._run(self._result_flow(timeout))
        return found

    def cancel(self, grace: bool = False) -> None:
        """Terminate it. Works for functions that were created with AsyncRunEnable only.

        :param grace: True to send SIGTERM, which the function may handle; False to kill its instance
        :raises TencentCloudSDKException: the service refused, or it has ended already
        """
        self._client._run(self._cancel_flow(grace))
