"""The instances of all functions together: how many there are, and which end so that others have room."""

from collections.abc import Callable, Mapping

from tencentserverless.local.registry.provisions import VersionKey
from tencentserverless.local.scheduler.instance import Instance
from tencentserverless.local.scheduler.pool import Pool, longest_idle, surplus_instances
from tencentserverless.local.settings import Limits


class Population:
    """Counts the instances, and ends those that idle.

    :param pools: of all versions that calls use
    :param is_memory_short: asked often; true while idle instances have to make room
    :ivar instances: those that run or start
    :ivar idle: those of them that could take a call
    """

    __slots__ = ("_is_memory_short", "_limits", "_pools", "idle", "instances")

    def __init__(self, pools: Mapping[VersionKey, Pool], limits: Limits, is_memory_short: Callable[[], bool]) -> None:
        self.instances: int = 0
        self.idle: int = 0
        self._pools = pools
        self._limits = limits
        self._is_memory_short = is_memory_short

    @property
    def is_full(self) -> bool:
        """True if this machine holds no further instance."""
        return self.instances >= self._limits.all_instances

    def counts(self) -> dict[str, object]:
        """Return the counts, as the server shows them."""
        return {"instances": self.instances, "idle_instances": self.idle}

    def rest(self, pool: Pool, instance: Instance, now: float, *, is_new: bool) -> None:
        """An instance has no call.

        :param is_new: it has served none yet: warm instances are used before it
        """
        instance.idle_since = now
        pool.idle.insert(0 if is_new else len(pool.idle), instance)
        self.idle += 1

    def wake(self, pool: Pool, instance: Instance) -> None:
        """An instance gets a call, or ends: it idles no more, if it did."""
        if instance in pool.idle:
            pool.idle.remove(instance)
            self.idle -= 1

    def end_idle(self, pool: Pool, instance: Instance) -> None:
        """End an instance that idles."""
        self.wake(pool, instance)
        instance.end()

    def make_place(self, pool: Pool) -> bool:
        """Make place for one more instance: at the limit, an idle one of another function ends. False if none may."""
        if self.is_full:
            other = longest_idle(each for each in self._pools.values() if each is not pool)
            if other is None:
                return False
            self.end_idle(other, other.spare_idle[0])
        return True

    def end_surplus(self, now: float) -> None:
        """End instances that have been idle for too long, and others where memory is short.

        :param now: by the loop's clock
        """
        since = now - self._limits.idle_instance_seconds
        for pool, instance in surplus_instances(self._pools.values(), since, is_memory_short=self._is_memory_short()):
            self.end_idle(pool, instance)
