"""Asynchronous invocations, for asyncio."""

from tencentserverless._base.invocation import BaseInvocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.models import InvocationStatus, InvokeResult


class AsyncInvocation(BaseInvocation):
    """An asynchronous invocation that was accepted: the awaitable form of ``scf``'s ``Invocation``."""

    __slots__ = ()

    async def status(self) -> "InvocationStatus":
        """Ask for its status. Result and errors are those of ``scf``'s ``Invocation.status``."""
        return (await self._client._run(self._status_flow())).status  # type: ignore[no-any-return]

    async def result(self, timeout: "float | None" = None) -> "InvokeResult":
        """Wait until it has ended. Parameters, result and errors are those of ``scf``'s ``Invocation.result``.

        Cancelling stops only the waiting; the invocation goes on.
        """
        found = self._known()
        if found is None:
            found = self._outcome = await self._client._run(self._result_flow(timeout))
        return found

    async def cancel(self, grace: bool = False) -> None:
        """Terminate it. Parameters and errors are those of ``scf``'s ``Invocation.cancel``."""
        await self._client._run(self._cancel_flow(grace))
