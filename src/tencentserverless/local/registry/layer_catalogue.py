"""The layers that exist, and what functions have of them. Every change is one ``put`` of one frozen value.

All layers are in memory: an instance that starts finds its layers here. The database is read once, at the start.
"""

from collections.abc import Iterable

from tencentserverless.local.registry import layer_tables
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionRecord, LayerRef
from tencentserverless.local.registry.layer import Layer, LayerVersion
from tencentserverless.local.registry.package_merge import merged_name


class LayerCatalogue:
    """Finds layers by region and name.

    A change is in the database before it is here. Every change raises ``DatabaseError`` if it can't be stored; then
    nothing has changed.

    :param kept: the stored layers with which the server starts
    """

    def __init__(self, database: Database, kept: Iterable[Layer] = ()) -> None:
        self._database = database
        self._layers: dict[tuple[str, str], Layer] = {(each.region, each.name): each for each in kept}
        self._held: dict[str, str] = {}

    def find(self, region: str, name: str) -> Layer:
        """Return the layer of a name; one without versions if there is none."""
        return self._layers.get((region, name)) or Layer(region, name)

    def layers(self, region: str) -> list[Layer]:
        """Return the layers of a region that have a version, by name."""
        found = [each for each in self._layers.values() if each.region == region and each.present]
        return sorted(found, key=lambda each: each.name)

    def put(self, layer: Layer) -> None:
        """Store a layer, in place of the one of its name."""
        self._put([layer])

    def find_version(self, region: str, ref: LayerRef) -> LayerVersion | None:
        """Return the version that a function names, also a deleted one; None if it is not here."""
        return self.find(region, ref.name).find(ref.version)

    def versions_of(self, record: FunctionRecord) -> list[LayerVersion]:
        """Return the layers of a function's version in their order, without those that are not here."""
        found = (self.find_version(record.key.region, ref) for ref in record.layers)
        return [version for version in found if version is not None]

    def missing_of(self, record: FunctionRecord) -> list[str]:
        """Return a line for each layer of a function that is not here."""
        key = record.key
        return [
            f"{key.name}: layer {ref.name!r} has no version {ref.version} here, in region {key.region}: the function "
            "runs without it; PublishLayerVersion makes one"
            for ref in record.layers
            if self.find_version(key.region, ref) is None
        ]

    def packages_of(self, records: Iterable[FunctionRecord]) -> set[str]:
        """Return the hashes of packages that layers need, and what these functions have merged of them.

        Those that instances hold are among them: a function that waits for a layer merges anew once it is published,
        while calls still run with what there was before.
        """
        used = {version.sha256 for layer in self._layers.values() for version in layer.versions}
        used.update(self._held.values())
        for record in records:
            if record.layers and (versions := self.versions_of(record)):
                used.add(merged_name([version.sha256 for version in versions]))
        return used

    def hold(self, holder: str, sha256: str) -> None:
        """Keep a merged package for an instance until ``release``.

        :param holder: a name of the instance; it holds one package
        """
        self._held[holder] = sha256

    def release(self, holder: str) -> None:
        """Let go of what an instance holds, if anything."""
        self._held.pop(holder, None)

    def forget_unused(self, records: Iterable[FunctionRecord]) -> None:
        """Forget deleted versions that none of these functions uses."""
        if all(layer.present == layer.versions for layer in self._layers.values()):
            return
        used: dict[tuple[str, str], set[int]] = {}
        for record in records:
            for ref in record.layers:
                used.setdefault((record.key.region, ref.name), set()).add(ref.version)
        rest = [layer.without_unused(used.get(key, ())) for key, layer in self._layers.items()]
        changed = [each for each in rest if each != self._layers[each.region, each.name]]
        if changed:
            self._put(changed)

    def _put(self, changed: list[Layer]) -> None:
        self._database.write_now(layer_tables.put_layers(changed))
        self._layers.update(((each.region, each.name), each) for each in changed)


def restore_layers(database: Database) -> LayerCatalogue:
    """Make the catalogue of layers of a starting server.

    :raises DatabaseError: if the database can't be read
    :raises ValueError: if its content has a form that this version does not write
    """
    return LayerCatalogue(database, database.read_now(layer_tables.layers))
