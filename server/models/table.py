"""GET /seedbed/v1/models: who draws for which name, and what is on the devices now."""

from dataclasses import asdict, dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from server.models.description import here
from server.service import Service


@dataclass(frozen=True, slots=True)
class HouseModels:
    """The models of one running server."""

    service: Service

    async def show(self, _request: Request) -> Response:
        """Says of stand-ins what a caller may know: no folders."""
        catalog = self.service.catalog
        return JSONResponse(
            {
                "tier": catalog.tier,
                "models": [{"name": name, **here(catalog, name)} for name in self.service.models],
                "stand_ins": [
                    {
                        "name": one.name,
                        "family": one.family,
                        "licence": one.licence,
                        "commercial": one.commercial,
                        "gated": one.gated,
                    }
                    for one in catalog.stand_ins
                ],
                "workers": [asdict(worker) for worker in self.service.fleet.workers],
            }
        )
