"""Routing: route table, route, association."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lab.providers.aws.canonical import canonical_cidr
from lab.providers.aws.ec2 import REGION, TAGS, Api, AwsWork, Calls, Ec2Type, remove
from lab.providers.aws.session import AwsSession
from lab.providers.failures import ProviderError
from lab.providers.table import Change, Field, Fields, Problem, Resource
from lab.providers.values import Values, is_empty

_TARGETS = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
    "carrierGatewayId": "CarrierGatewayId",
    "vpcEndpointId": "GatewayId",
}
_DESTINATIONS = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}
_INLINE = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
    "destinationPrefixListId": "DestinationPrefixListId",
}


def _shown(route: Values, names: dict[str, str]) -> Values:
    found = {name: route[key] for name, key in names.items() if route.get(key)}
    if str(found.get("gatewayId", "")).startswith("vpce-"):
        found["vpcEndpointId"] = found.pop("gatewayId")
    elif "gatewayId" in found:
        found.pop("vpcEndpointId", None)
    return found


@dataclass(frozen=True, kw_only=True)
class RouteTable(Ec2Type):
    """A route table with its inline routes; routes of the VPC itself and of gateway endpoints are not shown."""

    def more(self, work: AwsWork, id_: str, item: Values) -> Values:
        """Inline routes and propagating gateways."""
        _ = work, id_
        routes = [
            _shown(route, {**_INLINE, **_TARGETS})
            for route in item.get("Routes") or ()
            if route.get("GatewayId") != "local" and route.get("Origin") != "EnableVgwRoutePropagation"
        ]
        return {
            "routes": [route for route in routes if not str(route.get("vpcEndpointId", "")).startswith("vpce-")],
            "propagatingVgws": [entry["GatewayId"] for entry in item.get("PropagatingVgws") or ()],
        }

    def complete(self, work: AwsWork, id_: str, inputs: Values) -> None:
        """Make the inline routes."""
        for route in inputs.get("routes") or ():
            _make_route(work, id_, route, _INLINE)

    def update(self, work: AwsWork, change: Change) -> None:
        """Replace the inline routes that differ."""
        if change.touches("routes"):
            old, new = change.state.get("routes") or [], change.new.get("routes") or []
            for route in old:
                if route not in new:
                    _drop_route(work, change.id, route, _INLINE)
            for route in new:
                if route not in old:
                    _make_route(work, change.id, route, _INLINE)
        super().update(work, change)


def _make_route(work: AwsWork, table: str, route: Values, names: dict[str, str]) -> None:
    sent = {key: route[name] for name, key in {**names, **_TARGETS}.items() if not is_empty(route.get(name))}
    if "vpcEndpointId" in route and not is_empty(route["vpcEndpointId"]):
        sent.pop("GatewayId", None)
        sent["VpcEndpointId"] = route["vpcEndpointId"]
    work.session.ec2.create_route(RouteTableId=table, **sent)


def _drop_route(work: AwsWork, table: str, route: Values, names: dict[str, str]) -> None:
    destination = {key: route[name] for name, key in names.items() if not is_empty(route.get(name))}
    remove(work, f"deleting a route of {table}", lambda: work.session.ec2.delete_route(RouteTableId=table, **destination))


ROUTE_TABLE = RouteTable(
    name="aws:ec2/routeTable:RouteTable",
    upstream="internal/service/ec2/vpc_route_table.go",
    calls=Calls(
        create="create_route_table",
        result="RouteTable.RouteTableId",
        describe="describe_route_tables",
        ids="RouteTableIds",
        items="RouteTables",
        delete="delete_route_table",
        key="RouteTableId",
        tagged="route-table",
    ),
    arn="route-table/{id}",
    computed={"ownerId": "OwnerId"},
    fields={
        "vpcId": Api(send="VpcId", path="VpcId", replace=True),
        "routes": Field(computed=True, unordered=True, key="cidrBlock"),
        "propagatingVgws": Field(computed=True, unordered=True),
        "region": REGION,
        "tags": TAGS,
    },
)


class Route(Resource[AwsSession]):
    """One route, known by its table and its destination."""

    name = "aws:ec2/route:Route"
    upstream = "internal/service/ec2/vpc_route.go"
    fields = Fields(
        {
            "routeTableId": Field(replace=True),
            "region": REGION,
            **{name: Field(replace=True, canonical=canonical_cidr if "Cidr" in name else None) for name in _DESTINATIONS},
            **{name: Field(computed=True) if name == "networkInterfaceId" else Field() for name in _TARGETS},
        }
    )

    def check(self, inputs: Values) -> Iterable[Problem]:
        """One destination and one target, as upstream's ExactlyOneOf."""
        for names, what in ((_DESTINATIONS, "destination"), (_TARGETS, "target")):
            given = [name for name in names if name in inputs]
            if len(given) != 1:
                yield Problem(
                    property=next(iter(names)), reason=f"exactly one {what} is needed, of {', '.join(names)}; got {given or 'none'}"
                )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """`r-<table><hash>` upstream; here the destination stands in the id, which nothing reads."""
        if self._find(work, inputs) is not None:
            destination = next(str(inputs[name]) for name in _DESTINATIONS if name in inputs)
            raise ProviderError(f"route in {inputs['routeTableId']} with destination {destination} already exists")
        _make_route(work, inputs["routeTableId"], inputs, _DESTINATIONS)
        return "r-" + "_".join(str(inputs[name]) for name in ("routeTableId", *_DESTINATIONS) if name in inputs)

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Find it by its destination."""
        wanted = prior if prior.get("routeTableId") else _route_of(id_)
        route = self._find(work, wanted)
        if route is None:
            return None
        shown = _shown(route, {**_DESTINATIONS, **_TARGETS})
        empty = dict.fromkeys((*_DESTINATIONS, *_TARGETS))
        return {
            **empty,
            **shown,
            "id": id_,
            "region": work.session.region,
            "routeTableId": wanted["routeTableId"],
            "instanceId": route.get("InstanceId"),
            "instanceOwnerId": route.get("InstanceOwnerId"),
            "origin": route.get("Origin"),
            "state": route.get("State"),
        }

    def update(self, work: AwsWork, change: Change) -> None:
        """Another target for the same destination."""
        sent = {key: change.new[name] for name, key in {**_DESTINATIONS, **_TARGETS}.items() if not is_empty(change.new.get(name))}
        work.session.ec2.replace_route(RouteTableId=change.new["routeTableId"], **sent)

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Delete it by its destination."""
        _ = id_
        _drop_route(work, state["routeTableId"], state, _DESTINATIONS)

    def locate(self, work: AwsWork, import_id: str) -> str:
        """Imported as `table_destination`."""
        _ = work
        return f"r-{import_id}"

    def _find(self, work: AwsWork, wanted: Values) -> Values | None:
        table = ROUTE_TABLE.item(work, wanted["routeTableId"]) or {}
        for route in table.get("Routes") or ():
            if any(
                wanted.get(name) and canonical_cidr(route.get(key)) == canonical_cidr(wanted[name]) for name, key in _DESTINATIONS.items()
            ):
                return dict(route)
        return None


def _route_of(id_: str) -> Values:
    table, _, destination = id_.removeprefix("r-").partition("_")
    if destination.startswith("pl-"):
        return {"routeTableId": table, "destinationPrefixListId": destination}
    return {"routeTableId": table, "destinationIpv6CidrBlock" if ":" in destination else "destinationCidrBlock": destination}


class RouteTableAssociation(Resource[AwsSession]):
    """The tie between a route table and a subnet or gateway.

    Upstream replaces the table in place, and the tie gets a new id. The protocol's Update cannot hand back an id: here it is a replacement.
    """

    name = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    upstream = "internal/service/ec2/vpc_route_table_association.go"
    delete_before_replace = True
    fields = Fields(
        {"routeTableId": Field(replace=True), "subnetId": Field(replace=True), "gatewayId": Field(replace=True), "region": REGION}
    )

    def create(self, work: AwsWork, inputs: Values) -> str:
        """Tie them."""
        keys = {"routeTableId": "RouteTableId", "subnetId": "SubnetId", "gatewayId": "GatewayId"}
        answer = work.session.ec2.associate_route_table(**{keys[name]: inputs[name] for name in keys if name in inputs})
        return str(answer["AssociationId"])

    def read(self, work: AwsWork, id_: str, prior: Values) -> Values | None:
        """Find the association's entry in its table."""
        _ = prior
        filters = [{"Name": "association.route-table-association-id", "Values": [id_]}]
        for table in work.session.ec2.describe_route_tables(Filters=filters)["RouteTables"]:
            for entry in table["Associations"]:
                if entry.get("RouteTableAssociationId") == id_:
                    return {
                        "id": id_,
                        "region": work.session.region,
                        "routeTableId": table["RouteTableId"],
                        "subnetId": entry.get("SubnetId"),
                        "gatewayId": entry.get("GatewayId"),
                    }
        return None

    def delete(self, work: AwsWork, id_: str, state: Values) -> None:
        """Untie them."""
        _ = state
        remove(work, f"disassociating {id_}", lambda: work.session.ec2.disassociate_route_table(AssociationId=id_))

    def locate(self, work: AwsWork, import_id: str) -> str:
        """Imported as `subnet/table` or `gateway/table`."""
        target, _, table = import_id.partition("/")
        item = ROUTE_TABLE.item(work, table) or {}
        for entry in item.get("Associations") or ():
            if target in (entry.get("SubnetId"), entry.get("GatewayId")):
                return str(entry["RouteTableAssociationId"])
        return ""
