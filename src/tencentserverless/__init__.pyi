from tencentserverless.aio import AsyncClient as AsyncClient
from tencentserverless.scf import Client as Client
from tencentserverless.scf import invoke as invoke

__version__: str
__all__ = ["AsyncClient", "Client", "__version__", "invoke"]
